// A back end as an application of the hosted service has it, with the standard library only: it
// signs a management token, makes a room, gets its codes, and hands the two of them to its page.
package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"time"
)

type room struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	CreatedAt time.Time `json:"created_at"`
}

type roomCode struct {
	Code      string    `json:"code"`
	RoomID    string    `json:"room_id"`
	Role      string    `json:"role"`
	Enabled   bool      `json:"enabled"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

type roomCodes struct {
	Data []roomCode `json:"data"`
}

type answer struct {
	GuestCode string `json:"Guest_Code"`
	HostCode  string `json:"Host_Code"`
}

func encode(value any) (string, error) {
	text, err := json.Marshal(value)
	return base64.RawURLEncoding.EncodeToString(text), err
}

func managementToken(accessKey, secret string) (string, error) {
	id := make([]byte, 16)
	if _, err := rand.Read(id); err != nil {
		return "", err
	}
	header, err := encode(map[string]string{"alg": "HS256", "typ": "JWT"})
	if err != nil {
		return "", err
	}
	now := time.Now().Unix()
	payload, err := encode(map[string]any{
		"access_key": accessKey, "type": "management", "version": 2,
		"jti": fmt.Sprintf("%x", id), "iat": now, "nbf": now, "exp": now + 24*3600,
	})
	if err != nil {
		return "", err
	}
	signature := hmac.New(sha256.New, []byte(secret))
	signature.Write([]byte(header + "." + payload))
	return header + "." + payload + "." + base64.RawURLEncoding.EncodeToString(signature.Sum(nil)), nil
}

type backend struct {
	base, token string
}

func (b backend) post(path string, body any, result any) error {
	var sent bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&sent).Encode(body); err != nil {
			return err
		}
	}
	request, err := http.NewRequest(http.MethodPost, b.base+path, &sent)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+b.token)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", path, response.Status)
	}
	return json.NewDecoder(response.Body).Decode(result)
}

func (b backend) meeting() (answer, error) {
	var made room
	if err := b.post("/rooms", map[string]string{"template_id": os.Getenv("TEMPLATE_ID")}, &made); err != nil {
		return answer{}, err
	}
	var codes roomCodes
	if err := b.post("/room-codes/room/"+made.ID, nil, &codes); err != nil {
		return answer{}, err
	}
	var found answer
	for _, code := range codes.Data {
		switch code.Role {
		case "guest":
			found.GuestCode = code.Code
		case "host":
			found.HostCode = code.Code
		}
	}
	return found, nil
}

func (b backend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	if r.Method != http.MethodGet {
		w.Header().Set("Allow", http.MethodGet)
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	found, err := b.meeting()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(found); err != nil {
		log.Print(err)
	}
}

func main() {
	token, err := managementToken(os.Getenv("ACCESS_KEY"), os.Getenv("APP_SECRET"))
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("http://%s\n", listener.Addr())
	log.Fatal(http.Serve(listener, backend{base: os.Getenv("API_BASE"), token: token}))
}
