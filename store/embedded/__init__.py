"""What the SQLite backend is made of: one connection's worth of SQL, the group commit, the reads, the file's lock.

placeholders.py   `$1` to `?`, once per SQL text
connection.py     opens a connection; turns sqlite3's errors into ours
batch.py          many writes in one transaction, each on its own: plain SQL, no Trio
worker.py         where SQL runs: the one writer thread, or the loop itself
group_commit.py   gathers what all tasks hand in and wakes them together
reads.py          small reads in the loop, heavy ones in threads
copying.py        a backup while everything runs
file_lock.py      one process per file
"""
