"""An authority's time on the seal of a PDF (PAdES B-T), asked for through the house's one HTTP client.

pyHanko puts the timestamp into the signature; whether it is one is decided here, against the roots that the
operator configured, as for the log's own timestamps.
"""

from asn1crypto import tsp
from cryptography import x509
from rfc3161_client import VerificationError, VerifierBuilder, decode_timestamp_response
from typing_extensions import override

from takeback.dossier.pades import TimeStamper, TimestampRequestError, extract_ts_certs
from takeback.errors import Unavailable
from takeback.infra.ledger.timestamps import Authority, Requester
from takeback.infra.outbound import Timeouts

TIMEOUTS = Timeouts(connect=5, silence=5, total=10)
"""A package does not wait long for a time that its entry in the log gets anyway."""


class SealStamper(TimeStamper):
    """Asks one authority; what it gives was verified.

    Args:
        authority: whom to ask.

    Raises:
        ConfigurationError: its address is none.
    """

    def __init__(self, authority: Authority) -> None:
        super().__init__(include_nonce=True)
        self.authority = authority
        self._requester = Requester(authority, TIMEOUTS)

    def close(self) -> None:
        """Let go of the connections."""
        self._requester.close()

    @override
    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        """The response to pyHanko's query, which sees to its status. Raises TimestampRequestError.

        Nothing else waits in pyHanko's loop, so this asks as the rest of the house does, and blocks.
        """
        roots = [x509.load_der_x509_certificate(root) for root in self.authority.roots]
        verifier = VerifierBuilder(roots=roots).nonce(req["nonce"].native).build()
        try:
            response = self._requester.ask(req.dump())
            verifier.verify(
                decode_timestamp_response(response), req["message_imprint"]["hashed_message"].native
            )
            answer = tsp.TimeStampResp.load(response)
            # pyHanko asserts what it finds here, too late for the next authority to be asked.
            tuple(extract_ts_certs(answer["time_stamp_token"], self.cert_registry))
        except (Unavailable, VerificationError, ValueError, TypeError, AssertionError) as error:
            raise TimestampRequestError(f"{self.authority.name} gave no timestamp: {error}") from error
        return answer
