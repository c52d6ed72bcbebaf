"""The whole office on one machine: PostgreSQL, the queue, the web, the worker and the schedule.

`servers` knows the two servers, `keeper` keeps them running as long as somebody uses them,
`supervisor` restarts what dies, `opening` prepares, `__main__` is `make run`.
"""
