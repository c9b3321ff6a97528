package main

import (
	"encoding/json"
	"fmt"
	"time"
)

// handler does the work of one type. It returns soon after its lease is done, with any error.
type handler func(input json.RawMessage, held *lease) (any, error)

var handlers = map[string]handler{"demo.sum": demoSum}

// jobFailed is a failed attempt; Permanent when another one would fail the same way.
type jobFailed struct {
	Code, Message string
	Permanent     bool
}

func (f *jobFailed) Error() string { return f.Code + ": " + f.Message }

func (f *jobFailed) document() object { return object{"code": f.Code, "message": f.Message} }

// demoSum is the demo job, the same in all languages: see examples/workers/README.md.
func demoSum(input json.RawMessage, held *lease) (any, error) {
	var given struct {
		Numbers         *[]float64      `json:"numbers"`
		SleepSeconds    float64         `json:"sleepSeconds"`
		FailWith        string          `json:"failWith"`
		FailPermanently bool            `json:"failPermanently"`
		Echo            json.RawMessage `json:"echo"` // kept as text, so every digit of it
	}
	if err := json.Unmarshal(input, &given); err != nil || given.Numbers == nil {
		return nil, &jobFailed{Code: "bad_input", Message: "input.numbers must be a list of numbers", Permanent: true}
	}
	steps := int(given.SleepSeconds * 10)
	for step := 0; step < steps; step++ {
		held.Report(100*step/steps, fmt.Sprintf("step %d of %d", step, steps))
		select {
		case <-time.After(100 * time.Millisecond):
		case <-held.Done():
			return nil, held.Err()
		}
	}
	if given.FailWith != "" {
		return nil, &jobFailed{given.FailWith, "as the input asked for", given.FailPermanently}
	}
	sum := 0.0
	for _, number := range *given.Numbers {
		sum += number
	}
	return object{"sum": sum, "language": "go", "echo": given.Echo}, nil
}
