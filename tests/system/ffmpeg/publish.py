#!/usr/bin/env python3
"""FFmpeg's own WHIP client, through PyAV: publishes H.264 and Opus for some seconds in real time.

    publish.py URL TOKEN SECONDS PROFILE [OPTION=VALUE]...

The options are the muxer's. Prints one line of JSON: seconds of media that were written, how long that took, and the
version of libavformat."""
import fractions
import json
import sys
import time

import av

RATE, SAMPLES, FRAME = 30, 48000, 960
WIDTH, HEIGHT = 640, 360


def picture(number):
    """A bar that wanders over grey."""
    frame = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
    for plane, shade in zip(frame.planes, (90, 128, 128)):
        octets = bytearray([shade]) * plane.buffer_size
        if plane.width == WIDTH:
            at = number * 8 % (WIDTH - 40)
            for row in range(HEIGHT):
                octets[row * plane.line_size + at:row * plane.line_size + at + 40] = b"\xeb" * 40
        plane.update(bytes(octets))
    frame.pts, frame.time_base = number, fractions.Fraction(1, RATE)
    return frame


def silence(at):
    frame = av.AudioFrame(format="s16", layout="stereo", samples=FRAME)
    frame.planes[0].update(bytes(frame.planes[0].buffer_size))
    frame.rate, frame.pts, frame.time_base = SAMPLES, at, fractions.Fraction(1, SAMPLES)
    return frame


def main():
    url, token, seconds, profile = sys.argv[1:5]
    options = dict(option.split("=", 1) for option in sys.argv[5:])
    output = av.open(url, "w", format="whip", options={"authorization": token, **options})
    video = output.add_stream("libx264", rate=RATE, options={
        "profile": profile, "preset": "superfast", "tune": "zerolatency", "bf": "0", "g": str(RATE)})
    video.width, video.height, video.pix_fmt, video.bit_rate = WIDTH, HEIGHT, "yuv420p", 500000
    audio = output.add_stream("libopus", rate=SAMPLES, layout="stereo")
    begun = None
    sound = 0
    for number in range(int(float(seconds) * RATE)):
        for packet in video.encode(picture(number)):
            output.mux(packet)  # the first one connects
        begun = begun or time.monotonic()
        while sound < (number + 1) * SAMPLES // RATE:
            for packet in audio.encode(silence(sound)):
                output.mux(packet)
            sound += FRAME
        time.sleep(max(0, begun + (number + 1) / RATE - time.monotonic()))
    took = time.monotonic() - begun
    output.close()
    print(json.dumps({"seconds": float(seconds), "took": took, "libavformat": av.library_versions["libavformat"]}))


main()
