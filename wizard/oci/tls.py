"""TLS contexts of a site: the system's authorities, a private one, and a client certificate."""

import ssl

from wizard.oci import problems
from wizard.oci.sites import Site


def context(site: Site, *, identify: bool) -> ssl.SSLContext:
    """The context for a site; `identify` = show the client certificate (only to the registry itself).

    Raises Problem `registry-tls-file`. A private CA is trusted besides the system's, not instead of them: a
    registry may hand out blobs from an object store with a public certificate.
    """
    made = ssl.create_default_context()
    made.set_alpn_protocols(["http/1.1"])
    if site.ca_file is not None:
        try:
            made.load_verify_locations(cafile=site.ca_file)
        except (OSError, ssl.SSLError) as error:
            raise problems.tls_file(error, "CA file", site.ca_file) from None
    if identify and site.client_cert is not None:
        try:
            made.load_cert_chain(site.client_cert, site.client_key, password=lambda: "")
        except (OSError, ssl.SSLError) as error:
            raise problems.tls_file(error, "client certificate", site.client_cert) from None
    return made
