"""hh.ru behind the Board contract."""
