"""The console: what the board knows, as pages, JSON, a map and a stream of changes.

`app.create_app(board)` makes the ASGI application; `board.Board` is all that it needs of the running service.
"""
