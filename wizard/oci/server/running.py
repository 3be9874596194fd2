"""A registry server that runs in threads of this process."""

import contextlib
import errno
import threading
from pathlib import Path
from types import TracebackType

from wizard.engine.problems import Problem, Remedy
from wizard.oci.server.folder import FolderStorage
from wizard.oci.server.gateway import Context
from wizard.oci.server.htpasswd import Htpasswd
from wizard.oci.server.http import Server
from wizard.oci.server.limits import Limits
from wizard.oci.server.log import Log
from wizard.oci.server.opening import open_folder
from wizard.oci.server.service import Registry
from wizard.oci.server.storage import Storage
from wizard.oci.server.tls import LazyHandshake, Tls, context


class Keeper:
    """Removes abandoned uploads and temporary files, at the start and every hour."""

    def __init__(self, storage: FolderStorage, limits: Limits) -> None:
        self._storage = storage
        self._age = limits.upload_age
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="registry keeper", daemon=True)

    def start(self) -> None:
        """Begin, in a thread."""
        self._thread.start()

    def stop(self) -> None:
        """End it."""
        self._stopping.set()
        self._thread.join()

    def _keep(self) -> None:
        while True:
            with contextlib.suppress(OSError):
                self._storage.purge(self._age)
            if self._stopping.wait(3600.0):
                return


class RegistryServer:
    """A registry over a folder (or any `storage`): `with RegistryServer(folder) as server: server.url`.

    `port` 0 = any free one. `dry_run` changes nothing on disk (start and stop it to try the address). Raises Problem: `registry-storage-*`, `htpasswd-invalid`, `tls-files-unusable` when
    made, `registry-address-in-use` and `registry-address-unusable` when started.
    """

    def __init__(
        self,
        storage_dir: Path | None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: Tls | None = None,
        htpasswd: Path | None = None,
        read_only: bool = False,
        log: Log | None = None,
        limits: Limits | None = None,
        storage: Storage | None = None,
        dry_run: bool = False,
    ) -> None:
        limits = limits or Limits()
        self.host = host
        self.port = port
        self._scheme = "https" if tls else "http"
        if storage is None:
            if storage_dir is None:
                raise ValueError("a storage or a folder is needed")
            storage = open_folder(storage_dir, limits, read_only=read_only, dry_run=dry_run)
        changing = not (read_only or dry_run)
        if changing and not hasattr(storage, "begin"):
            raise ValueError("a storage that cannot be written is served with read_only=True")
        registry = Registry(storage, read_only=read_only, page=limits.page)
        users = Htpasswd(htpasswd) if htpasswd is not None else None
        shared = Context(registry, limits, users, log)
        self._server = Server((host, port), shared.gateway, limits, log)
        if tls is not None:
            self._server.ssl_adapter = LazyHandshake(context(tls))
        self._thread: threading.Thread | None = None
        self._keeper = Keeper(storage, limits) if isinstance(storage, FolderStorage) and changing else None

    @property
    def address(self) -> str:
        """HOST:PORT as clients write it in references."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """SCHEME://HOST:PORT."""
        return f"{self._scheme}://{self.address}"

    def start(self) -> None:
        """Listen and serve in threads; requests are accepted when this returns."""
        try:
            self._server.prepare()
        except OSError as error:
            raise self._unusable(error) from error
        self.port = self._server.bind_addr[1]
        self._thread = threading.Thread(
            target=self._server.serve, name=f"registry {self.address}", daemon=True
        )
        self._thread.start()
        if self._keeper is not None:
            self._keeper.start()

    def stop(self) -> None:
        """Take no more requests, let running ones end (at most a few seconds), close everything."""
        if self._thread is None:
            return
        if self._keeper is not None:
            self._keeper.stop()
        self._server.stop()
        self._thread.join()
        self._thread = None
        for connection in list(self._server.open_connections):
            with contextlib.suppress(OSError):
                connection.close()

    def __enter__(self) -> "RegistryServer":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _unusable(self, error: OSError) -> Problem:
        cause = self._server.refusal or error
        if cause.errno == errno.EADDRINUSE:
            return Problem(
                "registry-address-in-use",
                f"something else listens on {self.address}",
                remedies=(
                    Remedy("See who it is", f"ss -ltnp sport = :{self.port}"),
                    Remedy("Choose another port", "airgap-wizard registry serve --listen HOST:PORT …"),
                ),
            )
        return Problem(
            "registry-address-unusable",
            f"cannot listen on {self.address}",
            detail=cause.strerror or str(cause),
            remedies=(Remedy("See the addresses of this machine", "ip -brief address"),),
        )
