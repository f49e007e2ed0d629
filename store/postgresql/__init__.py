"""Parts of the PostgreSQL backend; `store/postgres.py` puts them together."""
