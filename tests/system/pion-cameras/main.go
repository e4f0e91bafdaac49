// People who send a camera in three sizes and a microphone, by WHIP: what they send is read from
// a folder, so that dozens of them cost little. With Pion.
//
//	pion-cameras ORIGIN ROOM TOKEN FOLDER COUNT SPEAKER
//
// The folder has f.vp8, h.vp8 and q.vp8 at 30 frames a second, and opus at 50: each frame behind
// its length in 32 bits. A clip begins with a key frame, and begins anew when one is asked for.
// The person SPEAKER, counted from 1, is loud, the others are not. Peers are called camera-1 and
// so on. Prints "ready" once all are in, and leaves when its input ends.
package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v3"
)

const (
	frameTime  = time.Second / 30
	soundTime  = 20 * time.Millisecond
	payloadMax = 1130
)

var rids = []string{"f", "h", "q"}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func readClip(path string) [][]byte {
	data, err := os.ReadFile(path)
	check(err)
	var frames [][]byte
	for len(data) > 4 {
		length := int(binary.BigEndian.Uint32(data))
		frames = append(frames, data[4:4+length])
		data = data[4+length:]
	}
	return frames
}

// --- WHIP ---

func ask(method, url, token, body string) (*http.Response, string) {
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

// Returns what is to be deleted in the end.
func publish(pc *webrtc.PeerConnection, url, origin, token string) string {
	offer, err := pc.CreateOffer(nil)
	check(err)
	gathered := webrtc.GatheringCompletePromise(pc)
	check(pc.SetLocalDescription(offer))
	<-gathered
	answer, text := ask("POST", url, token, pc.LocalDescription().SDP)
	if answer.StatusCode != 201 {
		check(fmt.Errorf("%s: %d %s", url, answer.StatusCode, text))
	}
	check(pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: text}))
	return origin + answer.Header.Get("Location")
}

func newAPI() *webrtc.API {
	media := &webrtc.MediaEngine{}
	check(media.RegisterDefaultCodecs())
	for _, uri := range []string{sdp.SDESMidURI, sdp.SDESRTPStreamIDURI} {
		check(media.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: uri}, webrtc.RTPCodecTypeVideo))
	}
	for _, uri := range []string{sdp.SDESMidURI, sdp.AudioLevelURI} {
		check(media.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: uri}, webrtc.RTPCodecTypeAudio))
	}
	interceptors := &interceptor.Registry{}
	check(webrtc.ConfigureNack(media, interceptors))
	check(webrtc.ConfigureRTCPReports(interceptors))
	settings := webrtc.SettingEngine{}
	settings.SetIncludeLoopbackCandidate(true)
	return webrtc.NewAPI(webrtc.WithMediaEngine(media), webrtc.WithInterceptorRegistry(interceptors),
		webrtc.WithSettingEngine(settings))
}

// --- Media ---

type extension struct {
	id    uint8
	value []byte
}

// The extensions of a sender that are named here.
func extensions(sender *webrtc.RTPSender, values map[string][]byte) []extension {
	var found []extension
	for _, e := range sender.GetParameters().HeaderExtensions {
		if value, ok := values[e.URI]; ok {
			found = append(found, extension{uint8(e.ID), value})
		}
	}
	return found
}

func write(track *webrtc.TrackLocalStaticRTP, header rtp.Header, more []extension, payload []byte) {
	header.Version = 2
	for _, e := range more {
		check(header.SetExtension(e.id, e.value))
	}
	_ = track.WriteRTP(&rtp.Packet{Header: header, Payload: payload})
}

// One frame of VP8 with a 15-bit picture id: RFC 7741 section 4.2.
func writeFrame(track *webrtc.TrackLocalStaticRTP, more []extension, frame []byte, picture, seq *uint16, timestamp uint32) {
	*picture++
	for at := 0; at < len(frame); {
		end := at + payloadMax
		if end > len(frame) {
			end = len(frame)
		}
		payload := []byte{0x80, 0x80, 0x80 | byte(*picture>>8), byte(*picture)}
		if at == 0 {
			payload[0] |= 0x10
		}
		payload = append(payload, frame[at:end]...)
		*seq++
		write(track, rtp.Header{Marker: end == len(frame), SequenceNumber: *seq, Timestamp: timestamp}, more, payload)
		at = end
	}
}

func playLayer(sender *webrtc.RTPSender, track *webrtc.TrackLocalStaticRTP, rid, mid string, clip [][]byte) {
	var keyFrame int32
	go func() {
		for {
			packets, _, err := sender.ReadSimulcastRTCP(rid)
			if err != nil {
				return
			}
			for _, packet := range packets {
				if _, asks := packet.(*rtcp.PictureLossIndication); asks {
					atomic.StoreInt32(&keyFrame, 1)
				}
			}
		}
	}()
	more := extensions(sender, map[string][]byte{sdp.SDESMidURI: []byte(mid), sdp.SDESRTPStreamIDURI: []byte(rid)})
	var picture, seq uint16
	next := 0
	start := time.Now()
	for n := 0; ; n++ {
		time.Sleep(time.Until(start.Add(time.Duration(n) * frameTime)))
		if next == len(clip) || atomic.SwapInt32(&keyFrame, 0) == 1 {
			next = 0
		}
		writeFrame(track, more, clip[next], &picture, &seq, uint32(n*3000))
		next++
	}
}

func playSound(sender *webrtc.RTPSender, track *webrtc.TrackLocalStaticRTP, mid string, level byte, clip [][]byte) {
	more := extensions(sender, map[string][]byte{sdp.SDESMidURI: []byte(mid), sdp.AudioLevelURI: {level}})
	start := time.Now()
	for n := 0; ; n++ {
		time.Sleep(time.Until(start.Add(time.Duration(n) * soundTime)))
		write(track, rtp.Header{SequenceNumber: uint16(n), Timestamp: uint32(n * 960)}, more, clip[n%len(clip)])
	}
}

func main() {
	origin, room, token, folder := os.Args[1], os.Args[2], os.Args[3], os.Args[4]
	count, err := strconv.Atoi(os.Args[5])
	check(err)
	speaker, err := strconv.Atoi(os.Args[6])
	check(err)
	clips := map[string][][]byte{}
	for _, rid := range rids {
		clips[rid] = readClip(filepath.Join(folder, rid+".vp8"))
	}
	sound := readClip(filepath.Join(folder, "opus"))
	api := newAPI()
	var resources []string
	for i := 1; i <= count; i++ {
		pc, err := api.NewPeerConnection(webrtc.Configuration{})
		check(err)
		microphone, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus}, "sound", "pion")
		check(err)
		audio, err := pc.AddTrack(microphone)
		check(err)
		var camera []*webrtc.TrackLocalStaticRTP
		var video *webrtc.RTPSender
		for n, rid := range rids {
			track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8},
				"picture", "pion", webrtc.WithRTPStreamID(rid))
			check(err)
			camera = append(camera, track)
			if n == 0 {
				video, err = pc.AddTrack(track)
			} else {
				err = video.AddEncoding(track)
			}
			check(err)
		}
		connected := make(chan struct{}, 1)
		pc.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
			if state == webrtc.PeerConnectionStateConnected {
				select {
				case connected <- struct{}{}:
				default:
				}
			}
		})
		name := fmt.Sprintf("camera-%d", i)
		url := fmt.Sprintf("%s/whip/%s?name=%s&peer=%s", origin, room, name, name)
		resources = append(resources, publish(pc, url, origin, token))
		<-connected
		level := byte(127)
		if i == speaker {
			level = 0x80 | 25
		}
		transceivers := pc.GetTransceivers()
		go playSound(audio, microphone, transceivers[0].Mid(), level, sound)
		for n, rid := range rids {
			go playLayer(video, camera[n], rid, transceivers[1].Mid(), clips[rid])
		}
	}
	fmt.Println("ready")
	_, _ = io.Copy(io.Discard, os.Stdin)
	for _, resource := range resources {
		ask("DELETE", resource, token, "")
	}
}
