"""What the benchmarks in Python share: the binary under test with a folder of its own, and lines of figures."""
import http.client, os, socket, subprocess, sys, time

PATIENCE = 600  # seconds that one answer may take before it counts as none


def stop(text):
    print(f"error: {text}", file=sys.stderr)
    sys.exit(1)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def row(what, value, more=""):
    print(f"{what:<58}{value:>16}  {more}".rstrip(), flush=True)


def seconds(value): return f"{value:.2f} s" if value >= 1 else f"{value * 1000:.1f} ms"
def size(count): return f"{count / 1e6:.1f} MB"


class Host:
    """The binary under test, its configuration and its folder."""

    def __init__(self, binary, folder, rules='rule("all", #{ then: |i| suppress("a benchmark") });\n', server=""):
        self.server = server
        self.binary, self.folder, self.port, self.process = binary, folder, free_port(), None
        os.makedirs(os.path.join(folder, "policies"))
        self.data = os.path.join(folder, "data")
        with open(os.path.join(folder, "policies", "all.rhai"), "w") as file:
            file.write(rules)
        self.config = os.path.join(folder, "tidegate.toml")
        self.configure("")

    def configure(self, journal):
        with open(self.config, "w") as file:
            file.write(f'[server]\nlisten = "127.0.0.1:{self.port}"\n{self.server}[policies]\npath = "policies"\n'
                       f'[limits]\nincidents = 1000000\n[journal]\n{journal}')

    def start(self):
        """Starts it; seconds until it is alive, and until it is ready."""
        log = open(os.path.join(self.folder, "host.log"), "ab")
        begin = time.monotonic()
        command = [self.binary, "--config", self.config, "serve"]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder)
        alive = None
        while time.monotonic() - begin < 4 * 3600:
            if self.process.poll() is not None:
                stop("the host ended: " + open(os.path.join(self.folder, "host.log")).read()[-600:])
            try:
                if alive is None and self.get("/healthz", 2)[0] == 200:
                    alive = time.monotonic() - begin
                if alive is not None and self.get("/readyz", 2)[0] == 200:
                    return alive, time.monotonic() - begin
            except (OSError, http.client.HTTPException):
                pass
            time.sleep(0.01)
        stop("the host is not ready after four hours")

    def end(self, how):
        begin = time.monotonic()
        self.process.send_signal(how)
        self.process.wait(600)
        return time.monotonic() - begin

    def get(self, path, timeout=PATIENCE):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def metric(self, name):
        for line in self.get("/metrics")[1].decode().splitlines():
            if line.startswith(name + " "):
                return float(line.split()[1])
        return None

    def command(self, *words):
        begin = time.monotonic()
        done = subprocess.run([self.binary, "--config", self.config, *words], cwd=self.folder, capture_output=True,
                              stdin=subprocess.DEVNULL, text=True)
        return time.monotonic() - begin, done.returncode, done.stdout, done.stderr

    def rss(self):
        for line in open(f"/proc/{self.process.pid}/status"):
            if line.startswith("VmRSS"):
                return int(line.split()[1]) * 1024
        return 0

    def files(self):
        """Bytes of the journal, of the projection, of archives and of everything else in the data folder."""
        sums = {"journal": 0, "projection": 0, "archive": 0, "the rest": 0}
        for folder, _, names in os.walk(self.data):
            for name in names:
                path = os.path.join(folder, name)
                known = (kind for kind in sums if name.startswith(kind) or os.path.basename(folder).startswith(kind))
                sums[next(known, "the rest")] += os.stat(path).st_blocks * 512
        return sums

    def cpu(self):
        """Seconds of processor time so far."""
        fields = open(f"/proc/{self.process.pid}/stat").read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def spread(what, ask, limit=200, within=20.0):
    """Median and 99th percentile of a request that is made again and again, for some seconds at most."""
    times, begin = [], time.monotonic()
    while len(times) < limit and (time.monotonic() - begin < within or not times):
        start = time.monotonic()
        try:
            ask()
        except (OSError, http.client.HTTPException) as error:
            row(what, "no answer", f"{type(error).__name__} after {seconds(time.monotonic() - start)}")
            return
        times.append(time.monotonic() - start)
    times.sort()
    row(what, seconds(times[len(times) // 2]), f"p99 {seconds(times[min(len(times) - 1, len(times) * 99 // 100)])} of {len(times)}")
