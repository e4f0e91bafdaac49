// What one peer of a room sends, watched by WHEP and published again by WHIP, as it is: with
// Pion, a WebRTC stack that no browser has.
//
//	pion-relay ORIGIN ROOM TOKEN_TO_WATCH TOKEN_TO_PUBLISH WATCHED_PEER OWN_PEER
//
// Prints a line of JSON with the packets so far ten times a second, until its input ends; then
// it deletes both resources and prints their statuses.
package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v3"
)

type resource struct{ url, token string }

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func send(method, url, token, body string) (*http.Response, string) {
	request, err := http.NewRequest(method, url, bytes.NewBufferString(body))
	check(err)
	request.Header.Set("Authorization", "Bearer "+token)
	if body != "" {
		request.Header.Set("Content-Type", "application/sdp")
	}
	answer, err := http.DefaultClient.Do(request)
	check(err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	check(err)
	return answer, string(text)
}

// One offer with all candidates, and its answer.
func open(pc *webrtc.PeerConnection, origin, path, token string) resource {
	offer, err := pc.CreateOffer(nil)
	check(err)
	gathered := webrtc.GatheringCompletePromise(pc)
	check(pc.SetLocalDescription(offer))
	<-gathered
	answer, sdp := send("POST", origin+path, token, pc.LocalDescription().SDP)
	if answer.StatusCode != 201 {
		check(fmt.Errorf("%s: %d %s", path, answer.StatusCode, sdp))
	}
	check(pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: sdp}))
	return resource{origin + answer.Header.Get("Location"), token}
}

func connection() *webrtc.PeerConnection {
	pc, err := webrtc.NewPeerConnection(webrtc.Configuration{})
	check(err)
	return pc
}

func main() {
	origin, room := os.Args[1], os.Args[2]
	var counts [2]int64
	out := map[webrtc.RTPCodecType]*webrtc.TrackLocalStaticRTP{}
	keyFrame := make(chan struct{}, 1)

	encoder := connection()
	for kind, mime := range map[webrtc.RTPCodecType]string{
		webrtc.RTPCodecTypeAudio: webrtc.MimeTypeOpus, webrtc.RTPCodecTypeVideo: webrtc.MimeTypeVP8} {
		track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: mime}, kind.String(), "pion")
		check(err)
		sender, err := encoder.AddTrack(track)
		check(err)
		out[kind] = track
		go func() {
			for {
				packets, _, err := sender.ReadRTCP()
				if err != nil {
					return
				}
				for _, packet := range packets {
					if _, asks := packet.(*rtcp.PictureLossIndication); asks {
						select {
						case keyFrame <- struct{}{}:
						default:
						}
					}
				}
			}
		}()
	}
	published := open(encoder, origin, "/whip/"+room+"?name=Pion&peer="+os.Args[6], os.Args[4])

	viewer := connection()
	for _, kind := range []webrtc.RTPCodecType{webrtc.RTPCodecTypeAudio, webrtc.RTPCodecTypeVideo} {
		_, err := viewer.AddTransceiverFromKind(kind, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly})
		check(err)
	}
	viewer.OnTrack(func(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		if track.Kind() == webrtc.RTPCodecTypeVideo {
			go func() {
				for range keyFrame {
					_ = viewer.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: uint32(track.SSRC())}})
				}
			}()
		}
		for {
			packet, _, err := track.ReadRTP()
			if err != nil {
				return
			}
			atomic.AddInt64(&counts[track.Kind()-webrtc.RTPCodecTypeAudio], 1)
			packet.Header.Extension = false
			packet.Header.Extensions = nil
			_ = out[track.Kind()].WriteRTP(packet)
		}
	})
	watched := open(viewer, origin, "/whep/"+room+"?peer="+os.Args[5], os.Args[3])

	ended := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		close(ended)
	}()
	for {
		select {
		case <-time.After(100 * time.Millisecond):
			fmt.Printf("{\"audio\":%d,\"video\":%d}\n", atomic.LoadInt64(&counts[0]), atomic.LoadInt64(&counts[1]))
		case <-ended:
			for _, one := range []resource{published, watched} {
				answer, _ := send("DELETE", one.url, one.token, "")
				fmt.Printf("{\"deleted\":%d}\n", answer.StatusCode)
			}
			_ = encoder.Close()
			_ = viewer.Close()
			return
		}
	}
}
