// The board's side: what arrived, what was doubled, and the switches that break things.
"use strict";

const byId = (id) => document.getElementById(id);
const clockOf = (at) => new Date(at).toLocaleTimeString("ru-RU", { hour: "2-digit", minute: "2-digit" });
const opened = new Set();

function element(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

async function ask(path, body, method) {
  const request = body === undefined && !method ? {} : { method: method || "POST", body: JSON.stringify(body || {}) };
  const answer = await fetch(path, request);
  const value = await answer.json();
  if (!answer.ok) throw new Error(value.error || answer.status);
  return value;
}

function showTiles(board) {
  const tile = (value, words, mood = "") => element("div", { className: `tile ${mood}` }, element("b", { textContent: value }), element("small", { textContent: words }));
  byId("tiles").replaceChildren(
    tile(board.applied, "откликов", board.applied ? "is-good" : ""),
    tile(board.duplicates, "дублей", board.duplicates ? "is-bad" : "is-good"),
    tile(board.refused, "отказано площадкой"),
    tile(board.searches, "поисков"),
    tile(board.model_calls, "вопросов модели"),
    tile(board.vacancies, "вакансий"),
  );
}

function showApplications(board) {
  const pairs = new Map();
  for (const one of board.applications) {
    const pair = `${one.person}/${one.vacancy}`;
    pairs.set(pair, (pairs.get(pair) || 0) + 1);
  }
  const cards = board.applications.slice().reverse().slice(0, 200).map((one) => {
    const card = element("details", { className: `application state-${one.state}`, open: opened.has(one.id) });
    if (pairs.get(`${one.person}/${one.vacancy}`) > 1) card.classList.add("is-double");
    const by = one.source === "site" ? " · откликнулся сам на сайте" : "";
    card.append(
      element("summary", {}, element("span", { textContent: one.title }), element("time", { textContent: clockOf(one.at) }),
        element("small", { textContent: `${one.employer} · ${one.area} · ${one.person}${by}` })),
      element("p", { textContent: one.letter || "без письма" }),
    );
    if (one.state === "response") {
      const answer = (state, words) => element("button", { textContent: words, onclick: () => ask("chat/board", { application: one.id, state }).then(showBoard) });
      card.append(element("div", { className: "answers" }, answer("invitation", "Пригласить"), answer("discard", "Отказать")));
    }
    card.addEventListener("toggle", () => (card.open ? opened.add(one.id) : opened.delete(one.id)));
    return card;
  });
  byId("applied-count").textContent = board.applications.length || "";
  byId("applications").replaceChildren(...(cards.length ? cards : [element("div", { className: "nobody", textContent: "Пока никто не откликнулся." })]));
}

function showSwitches(board) {
  const box = (name, words) => element("label", {},
    element("input", { type: "checkbox", checked: board[name], onchange: (e) => ask("chat/board", { [name]: e.target.checked }).then(showBoard) }), words);
  byId("switches").replaceChildren(box("is_closed", "API соискателя закрыт (полуавтомат)"), box("asks_captcha", "Площадка просит капчу"));
}

function showBoard(board) {
  showTiles(board);
  showApplications(board);
  showSwitches(board);
}

function showFaults({ faults }) {
  byId("faults").replaceChildren(...faults.map((fault) => element("li", {},
    element("span", { textContent: `${fault.service}: ${fault.kind} ×${fault.count ?? "∞"}, случилось ${fault.struck}` }),
    element("button", { textContent: "выключить", onclick: () => ask(`world/faults/${fault.fault_id}`, undefined, "DELETE").then(showFaults) }))));
}

function showEvents(acts) {
  const list = byId("events");
  const hidden = new Set(["update_confirmed", "chat_action"]);
  for (const act of acts.filter((one) => !hidden.has(one.kind))) {
    const facts = Object.entries(act).filter(([name]) => !["number", "at", "kind", "letter", "links", "buttons"].includes(name));
    const words = facts.map(([name, value]) => `${name}=${String(value).slice(0, 40)}`).join(" ");
    list.prepend(element("li", { title: words }, `${clockOf(act.at)} `, element("b", { textContent: act.kind }), ` ${words}`));
  }
  while (list.children.length > 300) list.lastChild.remove();
}

const refreshBoard = () => ask("chat/board").then(showBoard);
const refreshFaults = () => ask("world/faults").then(showFaults);

byId("fault-service").append(...["hh", "telegram", "gemini", "openai", "hh-site", "*"].map((name) => element("option", { value: name, textContent: name })));
byId("fault-kind").append(...Object.entries({
  latency: "медленно", slow_answer: "медленный ответ", error: "ошибка 503", too_many: "429", reset_before: "обрыв до", reset_after: "обрыв после",
  half_answer: "пол-ответа", broken_json: "битый JSON", html: "HTML", hang: "молчание", huge_body: "10 МБ", late_commit: "выполнит позже",
}).map(([value, textContent]) => element("option", { value, textContent })));
byId("fault-on").onclick = () => ask("world/faults", {
  service: byId("fault-service").value, kind: byId("fault-kind").value, count: Math.max(1, Number(byId("fault-count").value) || 1), seconds: 2,
}).then(refreshFaults);
