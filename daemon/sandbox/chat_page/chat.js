// The messenger: people, their chats, buttons; lives on the world's log by long polling.
"use strict";

let openId = Number(new URLSearchParams(location.search).get("person")) || null;
let last = 0;
let shownPage = "";

const hues = (text) => [...text].reduce((sum, c) => (sum * 31 + c.codePointAt(0)) % 360, 7);
const initials = (name) => (name.trim()[0] || "?").toUpperCase();
const go = (view) => { document.body.dataset.view = view; };

function toast(text, seconds = 3) {
  const box = byId("toast");
  box.textContent = text;
  box.classList.add("is-shown");
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => box.classList.remove("is-shown"), seconds * 1000);
}

// --- text with entities: offsets are UTF-16 units, as JavaScript counts ---
const WRAPPERS = {
  bold: () => element("b"), italic: () => element("i"), underline: () => element("u"), strikethrough: () => element("s"),
  code: () => element("code"), pre: () => element("pre"), spoiler: () => element("span", { className: "spoiler" }),
  blockquote: () => element("blockquote"),
  expandable_blockquote: () => element("blockquote", { className: "is-long", onclick: (e) => e.currentTarget.classList.toggle("is-long") }),
  bot_command: () => element("span"),
  text_link: (entity) => element("a", { href: "#", title: entity.url, onclick: (e) => { e.preventDefault(); openPage(entity.url); } }),
};

function rendered(text, entities, from = 0, to = text.length) {
  const parts = [];
  let at = from;
  const sorted = entities.slice().sort((a, b) => a.offset - b.offset || b.length - a.length);
  while (sorted.length) {
    const entity = sorted.shift();
    const end = entity.offset + entity.length;
    if (entity.offset < at || end > to) continue;
    parts.push(text.slice(at, entity.offset));
    const inside = sorted.filter((one) => one.offset >= entity.offset && one.offset + one.length <= end);
    const node = (WRAPPERS[entity.type] || (() => element("span")))(entity);
    node.append(...rendered(text, inside, entity.offset, end));
    parts.push(node);
    at = end;
  }
  parts.push(text.slice(at, to));
  return parts;
}

function inlineButton(message, button, row, column) {
  const node = element("button", { textContent: button.text, className: button.style || "" });
  if (button.url) {
    node.textContent += " ↗";
    node.onclick = () => openPage(button.url);
  } else if (button.copy_text) {
    node.textContent += " 📋";
    node.onclick = () => navigator.clipboard.writeText(button.copy_text.text).then(() => toast("Скопировано"), () => toast(button.copy_text.text, 6));
  } else {
    node.onclick = () => { node.classList.add("is-waiting"); act("press", { message: message.id, row, column }); };
  }
  return node;
}

function messageNode(message) {
  const bubble = element("div", { className: "bubble" });
  if (message.is_forwarded) bubble.append(element("div", { className: "forwarded", textContent: "Пересланное сообщение" }));
  if (message.thing === "sticker") bubble.append(element("div", { className: "big", textContent: message.emoji || "🙂" }));
  if (message.thing === "photo") bubble.append(element("div", { textContent: "🖼 фото" }));
  if (message.thing === "document") bubble.append(element("div", { textContent: `📄 ${message.file}` }));
  bubble.append(...rendered(message.text, message.entities), element("time", { textContent: (message.is_edited ? "изм. " : "") + clockOf(message.at) }));
  const node = element("article", { className: `message ${message.is_mine ? "is-mine" : ""}` }, bubble);
  const rows = message.rows.map((row, r) => element("div", { className: "row" }, ...row.map((button, c) => inlineButton(message, button, r, c))));
  if (rows.length) node.append(element("div", { className: "rows" }, ...rows));
  return node;
}

function showChat(chat) {
  if (chat.id !== openId) return;
  const box = byId("messages");
  const wasAtEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 80;
  const language = chat.language === "en" ? "English" : "по-русски";
  byId("whose").textContent = `бот · вы ${chat.name}, ${language}`;
  byId("block").textContent = chat.is_blocked ? "Разблокировать" : "Заблокировать";
  byId("block").onclick = () => act(chat.is_blocked ? "unblock" : "block");
  if (chat.messages.length) box.replaceChildren(...chat.messages.map(messageNode));
  else box.replaceChildren(element("div", { className: "hint" }, "Здесь пока пусто. Познакомьтесь с Авророй:", element("br"), element("button", { textContent: "Начать", onclick: () => act("text", { text: "/start" }) })));
  byId("keyboard").replaceChildren(...chat.keyboard.map((row) => element("div", { className: "row" }, ...row.map((text) => element("button", { textContent: text, onclick: () => act("text", { text }) })))));
  if (wasAtEnd || shownPage !== String(openId)) box.scrollTop = box.scrollHeight;
  shownPage = String(openId);
}

function showPeople({ people }) {
  if (!openId && people.length) openId = people[people.length - 1].id;
  const sorted = people.slice().sort((a, b) => (b.at || 0) - (a.at || 0));
  byId("people").replaceChildren(...sorted.map((person) => {
    const avatar = element("div", { className: "avatar", textContent: initials(person.name) });
    avatar.style.background = `hsl(${hues(person.name)} 55% 52%)`;
    const words = element("div", {}, element("b", { textContent: person.name }), element("small", { textContent: person.is_blocked ? "бот заблокирован" : person.last || "ещё не писал(а)" }));
    return element("button", { className: `person ${person.id === openId ? "is-open" : ""}`, onclick: () => openChat(person.id) }, avatar, words);
  }));
}

const refreshPeople = () => ask("chat/people").then(showPeople);
const refreshChat = () => (openId ? ask(`chat/people/${openId}`).then(showChat) : Promise.resolve());
const act = (name, body = {}) => ask(`chat/people/${openId}/${name}`, body).then(showChat).catch((e) => toast(String(e.message)));

function openChat(id) {
  openId = id;
  history.replaceState(null, "", `?person=${id}`);
  go("chat");
  return Promise.all([refreshPeople(), refreshChat()]).then(() => byId("text").focus());
}

// Login and captcha lead on to the daemon's own page, which refuses to be framed: they get a window of their own.
const LEADS_AWAY = /\/(oauth\/authorize|account\/captcha)(\?|$)/;

function openPage(url) {
  if (LEADS_AWAY.test(url) && window.open(url, "board", "width=560,height=760")) return;
  byId("page-url").textContent = url;
  byId("page-tab").href = url;
  byId("frame").src = url;
  byId("page").showModal();
}

function closePage() {
  byId("page").close();
  byId("frame").src = "about:blank";
}

byId("page-close").onclick = closePage;
byId("page").addEventListener("cancel", closePage);
document.querySelectorAll("[data-go]").forEach((node) => { node.onclick = () => go(node.dataset.go); });
byId("sticker").onclick = () => act("sticker");
byId("newcomer").onsubmit = (e) => {
  e.preventDefault();
  const language = e.submitter?.value || "ru";
  const first_name = new FormData(e.target).get("first_name") || (language === "en" ? "Guest" : "Гость");
  ask("chat/people", { first_name, language }).then(({ id }) => { e.target.reset(); return openChat(id); });
};
const input = byId("text");
input.oninput = () => { input.style.height = "auto"; input.style.height = `${input.scrollHeight}px`; };
input.onkeydown = (e) => { if (e.key === "Enter" && !e.shiftKey && !e.isComposing) { e.preventDefault(); byId("composer").requestSubmit(); } };
byId("composer").onsubmit = (e) => {
  e.preventDefault();
  const text = input.value.trim();
  if (!text || !openId) return;
  input.value = "";
  input.style.height = "auto";
  act("text", { text });
};

const CHAT_ACTS = new Set(["update", "message", "edit", "deleted", "blocked", "unblocked", "person_added"]);
const QUIET_ACTS = new Set(["update_confirmed", "update", "message", "edit", "press_answered"]);

async function live() {
  for (;;) {
    try {
      const news = await ask(`world/log?after=${last}&wait=20`);
      byId("live").classList.add("is-on");
      if (news.last < last) last = 0;
      const acts = news.acts;
      last = news.last;
      showEvents(acts.slice(-300));
      for (const one of acts) if (one.kind === "press_answered" && one.chat === openId && one.text && Date.now() - one.at < 5000) toast(one.text);
      const jobs = [];
      if (acts.some((one) => CHAT_ACTS.has(one.kind))) jobs.push(refreshPeople());
      if (acts.some((one) => CHAT_ACTS.has(one.kind) && one.chat === openId)) jobs.push(refreshChat());
      if (acts.some((one) => !QUIET_ACTS.has(one.kind))) jobs.push(refreshBoard());
      if (acts.some((one) => one.kind.startsWith("fault"))) jobs.push(refreshFaults());
      await Promise.all(jobs);
    } catch {
      byId("live").classList.remove("is-on");
      await new Promise((wake) => setTimeout(wake, 1000));
    }
  }
}

Promise.all([refreshPeople().then(refreshChat), refreshBoard(), refreshFaults()]).then(live, live);
