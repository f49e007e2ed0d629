"""Everything that survives a restart. Knows SQL; decides nothing.

factory.py     open_store(url): chooses the backend, migrates, gives a Store
store.py       Store: one attribute per table and per durable tool; `write`, `transaction`, `listen`
database.py    the Database protocol; its backends: sqlite.py (made of embedded/), postgres.py (of postgresql/)
wakeups.py     topics and who listens to them in this process
write.py       Write: what a task wants written, as a value
transfer.py    copies a whole store into another, of either kind
migrate.py     applies migrations/NNNN_name.sql once each
durable/       tools that make work survive a crash: leases, checkpoints, queues, effects, journals, timers, cursors
tables/        what the product knows: one noun, one file, one row type, its SQL
errors.py, ids.py
"""
