"""The peer of a served pixel: nginx with `empty_gif`, one worker, logging the same facts as JSON, in buffered writes."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from benchmarks.process import running, wait_for
from benchmarks.surroundings import environment

CONFIGURATION = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 1024; }}
http {{
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server_tokens off;
  keepalive_requests 1000000000;
  keepalive_timeout 75s;
  log_format event escape=json '{{'
    '"id":"$request_id",'
    '"time":"$time_iso8601",'
    '"msec":"$msec",'
    '"method":"$request_method",'
    '"uri":"$uri",'
    '"args":"$args",'
    '"host":"$host",'
    '"remote_addr":"$remote_addr",'
    '"forwarded_for":"$http_x_forwarded_for",'
    '"user_agent":"$http_user_agent",'
    '"referer":"$http_referer",'
    '"language":"$http_accept_language",'
    '"dnt":"$http_dnt",'
    '"gpc":"$http_sec_gpc",'
    '"purpose":"$http_sec_purpose",'
    '"status":"$status",'
    '"connection":"$connection",'
    '"connection_requests":"$connection_requests"'
  '}}';
  access_log {folder}/hits.log event buffer=64k flush=1s;
  server {{
    listen 127.0.0.1:{port};
    add_header Cache-Control no-store;
    add_header Cross-Origin-Resource-Policy cross-origin;
    add_header X-Pixel-Outcome accepted;
    location = /pix {{ empty_gif; }}
    location = /pix.gif {{ empty_gif; }}
  }}
}}
"""


def find() -> str | None:
    """Return the path of nginx, which Debian keeps where only root's PATH looks."""
    return shutil.which("nginx", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin")


@contextlib.contextmanager
def serving(program: str, folder: Path, port: int, core: int | None) -> Iterator["subprocess.Popen[bytes]"]:
    """Run nginx on a port of 127.0.0.1 with all its files in `folder`; give its master process."""
    folder.mkdir()
    configuration = folder / "nginx.conf"
    configuration.write_text(CONFIGURATION.format(folder=folder, port=port), "utf-8")
    log = folder / "output.log"
    command = (program, "-p", str(folder), "-c", str(configuration), "-e", str(folder / "error.log"))
    with running(command, cwd=folder, env=environment(), log=log, core=core) as process:
        wait_for(port, process, log)
        yield process
