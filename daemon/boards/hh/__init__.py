"""hh.ru: its HTTP, its tokens, its errors on one page, and its JSON turned into the house's values."""
