// A Tandem worker with nothing but Go's standard library (1.19 or later).
//
//	TANDEM_URL=http://localhost:3000 TANDEM_API_KEY=tdm_… go run . demo.sum
//
// The protocol is explained in docs/worker-protocol.md; the work itself is in job.go.
package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	mathrand "math/rand"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	waitSeconds = 20
	// How long a stopping worker tries to tell the service: supervisors kill after 10 s, as a rule.
	timeToStop = 5 * time.Second
)

var (
	url          = strings.TrimRight(must("TANDEM_URL"), "/") + "/api/v1/tasks"
	key          = must("TANDEM_API_KEY")
	leaseSeconds = leaseFromEnvironment()
	workerID     = fmt.Sprintf("go-%s-%d", hostname(), os.Getpid())
)

type task struct {
	ID         string          `json:"id"`
	Type       string          `json:"type"`
	Attempt    int             `json:"attempt"`
	LeaseToken string          `json:"leaseToken"`
	Input      json.RawMessage `json:"input"`
}

// What several operations answer, and what problem documents say.
type answer struct {
	Tasks           []task `json:"tasks"`
	State           string `json:"state"`
	CancelRequested bool   `json:"cancelRequested"`
	Code            string `json:"code"`
	Detail          string `json:"detail"`

	status     int
	retryAfter time.Duration
	repeated   bool
}

type object map[string]any

// post makes one call; an error means that nobody knows whether it arrived.
func post(ctx context.Context, path string, body object, timeout time.Duration) (*answer, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, "POST", url+path, bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+key)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	got := &answer{status: response.StatusCode}
	if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil {
		got.retryAfter = time.Duration(seconds) * time.Second
	}
	if err := json.Unmarshal(content, got); err != nil && got.status < 400 {
		return nil, err
	}
	return got, nil
}

// postPatiently repeats the same call until it is answered; every call to the service is safe to repeat as it is.
// It gives up, with nil, when ctx ends, or some time after the process was told to stop.
func postPatiently(ctx, stopping context.Context, path string, body object, timeout time.Duration) *answer {
	var giveUp time.Time
	for tries := 1; ; tries++ {
		var retryAfter time.Duration
		got, err := post(ctx, path, body, timeout)
		if err == nil && got.status != 429 && got.status < 500 {
			got.repeated = tries > 1
			return got
		}
		if ctx.Err() != nil {
			return nil
		}
		if err == nil {
			err, retryAfter = fmt.Errorf("%d %s", got.status, got.Detail), got.retryAfter
		}
		log.Println(path, err)
		if stopping.Err() != nil {
			if giveUp.IsZero() {
				giveUp = time.Now().Add(timeToStop)
			}
			if time.Now().After(giveUp) {
				return nil
			}
			time.Sleep(500 * time.Millisecond)
			continue
		}
		backoff := 250 * time.Millisecond << min(tries, 7) // up to 32 s
		backoff = backoff/2 + time.Duration(mathrand.Int63n(int64(backoff/2)))
		if backoff < retryAfter {
			backoff = retryAfter
		}
		select {
		case <-time.After(backoff):
		case <-stopping.Done():
		}
	}
}

// claim waits for a task; nil when there was none or the process stops.
func claim(stopping context.Context, types []string) (*task, bool) {
	claimID := newID()
	body := object{"types": types, "workerId": workerID, "max": 1, "leaseSeconds": leaseSeconds,
		"waitSeconds": waitSeconds, "claimId": claimID}
	got := postPatiently(stopping, stopping, "/claim", body, (waitSeconds+10)*time.Second)
	if got == nil {
		// The service still waits, and would lease a task to nobody.
		postPatiently(context.Background(), stopping, "/claim/abandon", object{"claimId": claimID}, 5*time.Second)
		return nil, false
	}
	if got.status != 200 {
		log.Fatalf("cannot claim: %d %s: %s", got.status, got.Code, got.Detail)
	}
	if len(got.Tasks) == 0 {
		return nil, false
	}
	return &got.Tasks[0], got.repeated
}

// lease is what the work knows of its lease: its context ends when the work is to end.
type lease struct {
	context.Context
	progress atomic.Value
	lost     atomic.Bool
}

// Report is kept for the next heartbeat.
func (l *lease) Report(percent int, message string) {
	l.progress.Store(object{"percent": percent, "message": message})
}

// renew sends heartbeats until ctx ends, and ends the work when the service says so.
func (l *lease) renew(ctx context.Context, t *task, first bool, stopWork func()) {
	renewed := time.Now()
	duration := time.Duration(leaseSeconds) * time.Second
	timeout := duration / 3
	if timeout < 3*time.Second {
		timeout = 3 * time.Second
	}
	pause := duration / 3
	if first {
		pause = 0
	}
	for {
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
		// A third of the lease leaves time to repeat a heartbeat that failed, and that is done soon.
		pause = duration / 3
		sent := time.Now()
		body := object{"leaseToken": t.LeaseToken, "leaseSeconds": leaseSeconds}
		if progress := l.progress.Load(); progress != nil {
			body["progress"] = progress
		}
		got, err := post(ctx, "/"+t.ID+"/heartbeat", body, timeout)
		answered := err == nil && got.status != 429 && got.status < 500
		switch {
		case answered && got.status == 200:
			renewed = sent
			if got.CancelRequested {
				stopWork()
			}
		case ctx.Err() != nil:
			return
		case answered || time.Since(renewed) > duration:
			l.lost.Store(true)
			stopWork()
		case pause > time.Second:
			pause = time.Second
		}
	}
}

func work(stopping context.Context, t *task, repeated bool, run handler) {
	log.Println("claimed", t.ID, t.Type, "attempt", t.Attempt)
	ctx, stopWork := context.WithCancel(stopping)
	defer stopWork()
	held := &lease{Context: ctx}
	// Heartbeats end with the work, not with the order to stop.
	renewing, ended := context.WithCancel(context.Background())
	go held.renew(renewing, t, repeated, stopWork)
	result, err := runSafely(run, t.Input, held)
	ended()
	var failed *jobFailed
	switch {
	case held.lost.Load():
		log.Println("lost", t.ID)
	case err == nil:
		settle(stopping, t, "complete", object{"result": result})
	case ctx.Err() != nil:
		settle(stopping, t, "release", object{})
	case errors.As(err, &failed):
		settle(stopping, t, "fail", object{"error": failed.document(), "retryable": !failed.Permanent})
	default: // a bug: worth another attempt, perhaps after a new release
		settle(stopping, t, "fail", object{"error": object{"code": "unexpected", "message": fmt.Sprintf("%.2000s", err)}})
	}
}

func runSafely(run handler, input json.RawMessage, held *lease) (result any, err error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			err = fmt.Errorf("panic: %v", panicked)
		}
	}()
	return run(input, held)
}

func settle(stopping context.Context, t *task, action string, body object) {
	body["leaseToken"] = t.LeaseToken
	got := postPatiently(context.Background(), stopping, "/"+t.ID+"/"+action, body, 10*time.Second)
	switch {
	case got == nil:
		log.Println("no answer to", action, t.ID)
	case got.status == 200:
		log.Println(action, t.ID, got.State)
	case got.status == 401 || got.status == 403:
		log.Fatalln("the key is no longer accepted:", got.Detail)
	default:
		log.Println("not accepted:", action, t.ID, got.status, got.Detail)
		if action == "complete" && (got.status == 413 || got.status == 422) { // the result; the lease is still ours
			refused := object{"code": "result_refused", "message": got.Detail}
			settle(stopping, t, "fail", object{"error": refused, "retryable": false})
		}
	}
}

func main() {
	stopping, _ := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	types := os.Args[1:]
	if len(types) == 0 {
		types = []string{"demo.sum"}
	}
	for _, name := range types {
		if handlers[name] == nil {
			log.Fatalln("no handler for", name)
		}
	}
	log.Println(workerID, "works on", types)
	for stopping.Err() == nil {
		if t, repeated := claim(stopping, types); t != nil {
			work(stopping, t, repeated, handlers[t.Type])
		}
	}
}

func must(name string) string {
	value := os.Getenv(name)
	if value == "" {
		log.Fatalln(name, "is not set")
	}
	return value
}

func leaseFromEnvironment() int {
	if seconds, err := strconv.Atoi(os.Getenv("TANDEM_LEASE_SECONDS")); err == nil && seconds > 0 {
		return seconds
	}
	return 30
}

func hostname() string {
	name, _ := os.Hostname()
	return name
}

func newID() string {
	bytes := make([]byte, 16)
	if _, err := rand.Read(bytes); err != nil {
		log.Fatalln(err)
	}
	return fmt.Sprintf("%x", bytes)
}

func min(a, b int) int {
	if a < b {
		return a
	}
	return b
}
