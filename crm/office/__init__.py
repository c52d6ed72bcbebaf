"""The whole office on one machine: PostgreSQL, the queue, the web, the worker and the schedule.

`__main__` is `make run`; `keeper` keeps the two `servers` running as long as somebody uses them;
`supervisor` restarts what dies; `tether` ends what a killed office left; `system` finds programs.
"""
