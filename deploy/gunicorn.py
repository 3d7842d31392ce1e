"""How the web processes are served: gevent, one connection a browser window kept open for the live socket."""

import gc
from typing import Any

from gevent import monkey

# Before anything else is imported: the settings bring modules along that must not keep the blocking sockets.
monkey.patch_all()

from app.config import load_settings  # noqa: E402  (see above)

settings = load_settings()

bind = f":{settings.port}" if settings.environment == "production" else f"127.0.0.1:{settings.port}"
worker_class = "gevent"
workers = 2
worker_connections = 4000
control_socket_disable = True

# nginx waits for 60 s: a request that takes longer is lost anyway.
timeout = 60
graceful_timeout = 20 if settings.environment == "production" else 2
keepalive = 75

# X-Forwarded-* is read by the application, which counts TRUSTED_PROXIES hops; gunicorn believes nobody.
forwarded_allow_ips = ""

accesslog = None
errorlog = "-"
loglevel = "warning" if settings.log_level == "info" else settings.log_level


def post_worker_init(worker: Any) -> None:
    """A process that is told to end closes its sockets, so that pages reconnect to another at once. What the
    application is made of stays as long as it runs: looking through it for garbage would hold a page up."""
    worker.wsgi.extensions["live"].leave_when(lambda: not worker.alive)
    gc.collect()
    gc.freeze()
