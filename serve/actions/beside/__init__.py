"""Built-in tools beside the home, each set a Provider (serve/actions/providers.py) under the same policy and log.

database.py     the SQLite file that they share
notices.py      what happens by itself, once and for all to hear: reminders that are due, timers that end
reminders.py    set, list, cancel; they ring after a restart and a crash too
notes.py        add, find, delete
calculating.py  arithmetic, bounded
fetching.py     pages of listed hosts, off by default; pages.py what is read of them, hosts.py who may be asked
telling.py      what the sets have in common: how a tool is declared
sayings.py      sentences of tier one for them
built_in.py     those that the assistant's file turns on
"""
