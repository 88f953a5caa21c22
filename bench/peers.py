"""The gateways that bench/run.sh --peers compares with: fetched by the clients of Go and Maven into a folder outside the tree
(HOLDFAST_PEERS, default ~/.cache/holdfast/peers), started on loopback. Versions: dependencies/bench-peers.txt."""
import os
import pathlib
import shutil
import subprocess
import urllib.error
import urllib.request

import processes

ROOT = pathlib.Path(__file__).resolve().parents[1]
CACHE = pathlib.Path(os.environ.get("HOLDFAST_PEERS", pathlib.Path.home() / ".cache/holdfast/peers"))

POM = """<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>bench</groupId>
<artifactId>peer</artifactId><version>1</version><dependencies><dependency><groupId>{group}</groupId><artifactId>{name}</artifactId>
<version>{version}</version></dependency></dependencies></project>"""
LOGBACK = '<configuration><root level="OFF"/></configuration>'


def versions() -> dict[str, tuple[str, str]]:
    lines = (ROOT / "dependencies/bench-peers.txt").read_text().splitlines()
    return {name: (module, version) for name, module, version in (line.split() for line in lines if line and line[0] != "#")}


def fetch(name: str) -> pathlib.Path:
    """The peer's program (a folder of jars for s3proxy); fetched and built once."""
    module, version = versions()[name]
    home = CACHE / f"{name}-{version}"
    if not (home / "done").exists():
        print(f"fetching and building {name} {version} ...", flush=True)
        home.mkdir(parents=True, exist_ok=True)
        if ":" in module:
            group, artifact = module.split(":")
            (home / "pom.xml").write_text(POM.format(group=group, name=artifact, version=version))
            (home / "logback.xml").write_text(LOGBACK)
            subprocess.run(["mvn", "-q", "dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory=jars"], cwd=home,
                           check=True)
        else:
            subprocess.run(["go", "install", f"{module}@{version}"], check=True,
                           env={**os.environ, "GOBIN": str(home), "GOFLAGS": "-mod=mod"})
        (home / "done").touch()
    return home


def answers(url: str) -> bool:
    try:
        processes.http_get(url, 5)
    except urllib.error.HTTPError:
        pass
    return True


class Peer(processes.Process):
    def __init__(self, name: str, work: pathlib.Path, command, env=None, port: int = 0, cwd=None):
        self.name, self.port, self.url = name, port, f"http://127.0.0.1:{port}"
        super().__init__(command, work / f"{name}.log", env, cwd)
        self.wait_until(lambda: answers(self.url + "/"))


def start_minio(work: pathlib.Path) -> Peer:
    port = processes.free_port()
    return Peer("minio", work, [fetch("minio") / "minio", "server", "--quiet", "--address", f"127.0.0.1:{port}", work / "minio"], {
        "MINIO_ROOT_USER": processes.ACCESS_KEY, "MINIO_ROOT_PASSWORD": processes.SECRET_KEY, "MINIO_UPDATE": "off",
        "MINIO_CALLHOME_ENABLE": "off", "MINIO_BROWSER": "off"}, port)


def start_versitygw(work: pathlib.Path) -> Peer:
    port = processes.free_port()
    (work / "versitygw").mkdir(exist_ok=True)
    return Peer("versitygw", work, [fetch("versitygw") / "versitygw", "-q", "--keep-alive", "--port", f"127.0.0.1:{port}", "posix",
                                    work / "versitygw"],
                {"ROOT_ACCESS_KEY": processes.ACCESS_KEY, "ROOT_SECRET_KEY": processes.SECRET_KEY}, port)


def start_s3proxy(work: pathlib.Path) -> Peer:
    home, port = fetch("s3proxy"), processes.free_port()
    (work / "s3proxy").mkdir(exist_ok=True)
    settings = {"s3proxy.endpoint": f"http://127.0.0.1:{port}", "s3proxy.authorization": "aws-v2-or-v4",
                "s3proxy.identity": processes.ACCESS_KEY, "s3proxy.credential": processes.SECRET_KEY,
                "s3proxy.ignore-unknown-headers": "true", "jclouds.provider": "filesystem-nio2",
                "jclouds.filesystem.basedir": str(work / "s3proxy"), "jclouds.identity": "x", "jclouds.credential": "x"}
    (work / "s3proxy.conf").write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
    return Peer("s3proxy", work, ["java", f"-Dlogback.configurationFile={home}/logback.xml", "-cp", f"{home}/jars/*",
                                  "org.gaul.s3proxy.Main", "--properties", work / "s3proxy.conf"], port=port)


def start_nginx(work: pathlib.Path, folder: pathlib.Path) -> Peer:
    """Serves holdfast's folder: the limit of a GET, with neither signature nor S3."""
    port = processes.free_port()
    (work / "nginx.conf").write_text(f"""daemon off; worker_processes auto; pid {work}/nginx.pid; error_log {work}/nginx-error.log;
user root; events {{ worker_connections 1024; }}
http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000; client_body_temp_path {work}/nginx-body;
proxy_temp_path {work}/nginx-proxy; fastcgi_temp_path {work}/nginx-fcgi; uwsgi_temp_path {work}/nginx-uwsgi; scgi_temp_path {work}/nginx-scgi;
server {{ listen 127.0.0.1:{port}; root {folder}; }} }}
""")
    return Peer("nginx", work, ["nginx", "-c", work / "nginx.conf"], port=port)


STARTERS = {"minio": start_minio, "versitygw": start_versitygw, "s3proxy": start_s3proxy}


def available(name: str) -> str:
    """Empty, or why the peer cannot be had on this machine."""
    tool = {"minio": "go", "versitygw": "go", "s3proxy": "mvn", "nginx": "nginx"}[name]
    return "" if shutil.which(tool) else f"{name}: {tool} is not installed"
