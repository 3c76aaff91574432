"""All programs by name."""

from __future__ import annotations

from cutaway.models.docker.processes.process import Program
from cutaway.models.docker.programs import about, conditions, files, net, text
from cutaway.models.docker.programs.servers import databases, distribution, httpd, java, nginx, runtimes
from cutaway.models.docker.shell.program import shell


def programs() -> dict[str, Program]:
    """The programs of one daemon; the shell finds the others in it."""
    found: dict[str, Program] = {
        "[": conditions.test, "basename": files.basename, "cat": text.cat, "chmod": files.chmod, "chown": files.chown, "cp": files.cp,
        "curl": net.curl, "date": about.date, "dd": files.dd, "df": about.df, "dirname": files.dirname, "dmesg": about.dmesg,
        "echo": text.echo, "env": about.env,
        "false": conditions.false, "find": files.find, "free": about.free, "getent": net.getent, "grep": text.grep, "head": text.head,
        "hello": about.hello,
        "hostname": about.hostname, "id": about.id_, "ip": net.ip, "kill": about.kill, "ln": files.ln, "ls": files.ls, "mkdir": files.mkdir,
        "mount": about.mount, "mv": files.mv, "nproc": about.nproc, "nslookup": net.nslookup, "ping": net.ping, "printenv": about.printenv,
        "printf": text.printf, "ps": about.ps, "pwd": about.pwd, "readlink": files.readlink, "rm": files.rm, "rmdir": files.rmdir,
        "seq": text.seq, "sleep": about.sleep, "sort": text.sort, "stat": files.show_stat, "tail": text.tail, "tee": text.tee,
        "test": conditions.test, "top": about.top, "touch": files.touch, "true": conditions.true, "tty": about.tty, "uname": about.uname,
        "wc": text.wc, "wget": net.curl, "which": about.which, "whoami": about.whoami, "yes": text.yes,
    }  # fmt: skip
    found |= {
        "httpd": httpd.httpd, "java": java.java, "mariadbd": databases.mariadbd, "memcached": databases.memcached,
        "mysqld": databases.mysqld,
        "nginx": nginx.nginx, "node": runtimes.node, "postgres": databases.postgres, "python3": runtimes.python,
        "redis-server": databases.redis_server, "registry": distribution.registry,
    }  # fmt: skip
    found["sh"] = found["ash"] = found["bash"] = found["dash"] = shell(found)
    return found
