"""What schemathesis cannot know: session descriptions are text, and look like lines of SDP; and a body of spaces
stands for {}, as one without an octet does, though it is no JSON."""
import schemathesis
from hypothesis import strategies as st

LINES = [
    "v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE 0 1", "m=audio 9 UDP/TLS/RTP/SAVPF 111",
    "m=video 9 UDP/TLS/RTP/SAVPF 96", "m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "a=mid:0", "a=mid:1",
    "a=rtcp-mux", "a=sendonly", "a=recvonly", "a=sendrecv", "a=inactive", "a=setup:actpass", "a=rtpmap:111 opus/48000/2",
    "a=rtpmap:96 VP8/90000", "a=ice-ufrag:EsAw", "a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1", "a=end-of-candidates",
    "a=fingerprint:sha-256 " + ":".join(["6B"] * 32), "a=candidate:1 1 udp 2122260223 192.0.2.1 61764 typ host", "",
]


def lines(first):
    # U+0000 and what is no UTF-8 are refused before anybody looks at lines.
    some = st.lists(st.one_of(st.sampled_from(LINES), st.text(st.characters(codec="utf-8", exclude_characters="\0"))))
    return some.map(lambda more: ("\r\n".join([*first, *more]) + "\r\n").encode())


schemathesis.openapi.media_type("application/sdp", lines(["v=0"]))
schemathesis.openapi.media_type("application/trickle-ice-sdpfrag", lines([]))


@schemathesis.serializer("application/sdp", "application/trickle-ice-sdpfrag")
def text(context, value):
    return value if isinstance(value, bytes) else str(value).encode()


@schemathesis.hook
def filter_body(context, body):
    return not isinstance(body, bytes) or bool(body.strip(b" \t\r\n"))
