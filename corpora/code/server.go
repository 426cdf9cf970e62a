// Command paste serves short text snippets from memory.
package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"flag"
	"io"
	"log"
	"net/http"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	maxBody    = 1 << 16 // 64 KiB
	idBytes    = 6
	gracePause = 5 * time.Second
)

// ============================================================
// Storage
// ============================================================

type snippet struct {
	body    []byte
	created time.Time
}

type store struct {
	mu   sync.RWMutex
	data map[string]snippet
}

func (s *store) add(body []byte) (string, error) {
	var raw [idBytes]byte
	if _, err := rand.Read(raw[:]); err != nil {
		return "", err
	}
	id := hex.EncodeToString(raw[:])
	s.mu.Lock()
	defer s.mu.Unlock()
	s.data[id] = snippet{body: body, created: time.Now()}
	return id, nil
}

func (s *store) lookup(id string) (snippet, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	sn, ok := s.data[id]
	return sn, ok
}

// ServeHTTP handles POST / and GET /{id}; anything else is a 405.
func (s *store) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodPost:
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			http.Error(w, "too large", http.StatusRequestEntityTooLarge)
			return
		}
		id, err := s.add(body)
		if err != nil {
			log.Printf("add: %v", err)
			http.Error(w, "no entropy", http.StatusInternalServerError)
			return
		}
		w.WriteHeader(http.StatusCreated)
		io.WriteString(w, "/"+id+"\n")
	case http.MethodGet:
		sn, ok := s.lookup(strings.TrimPrefix(r.URL.Path, "/"))
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Last-Modified", sn.created.UTC().Format(http.TimeFormat))
		w.Write(sn.body)
	default:
		w.Header().Set("Allow", "GET, POST")
		http.Error(w, "method not allowed \u2717", http.StatusMethodNotAllowed)
	}
}

func main() {
	addr := flag.String("addr", "127.0.0.1:8088", "listen `address`")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()

	srv := &http.Server{Addr: *addr, Handler: &store{data: map[string]snippet{}}}
	done := make(chan struct{})
	go func() {
		defer close(done)
		<-ctx.Done() // wait for ^C
		c, cancel := context.WithTimeout(context.Background(), gracePause)
		defer cancel()
		_ = srv.Shutdown(c)
	}()

	log.Printf("listening on http://%s/", *addr)
	if err := srv.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		log.Fatal(err)
	}
	<-done // let open requests finish
}
