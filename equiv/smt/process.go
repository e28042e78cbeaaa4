package smt

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"
)

// processEngine runs solver programs that read SMT-LIB 2 on a pipe.
type processEngine struct {
	path    string
	args    []string
	dialect *dialect
	limits  limits
	name    string
	spare   *processWorker // the one that told its version, until start hands it out
}

// newProcessEngine starts the command once to ask for its name and version.
func newProcessEngine(ctx context.Context, command string, l limits) (*processEngine, error) {
	words := strings.Fields(command)
	if len(words) == 0 {
		return nil, errors.New("no solver command given")
	}
	path, err := exec.LookPath(words[0])
	if err != nil {
		return nil, fmt.Errorf("solver %s: %w%s", words[0], err, installHint(dialectOf(words[0])))
	}
	d := dialectOf(path)
	e := &processEngine{path: path, dialect: d, limits: l}
	e.args = append(append(append(e.args, d.args...), d.limit(l)...), words[1:]...)
	w := &processWorker{engine: e}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	e.name, err = w.version(ctx)
	if err != nil {
		w.close()
		return nil, fmt.Errorf("solver %s does not answer in SMT-LIB 2: %w", command, err)
	}
	e.spare = w
	return e, nil
}

func installHint(d *dialect) string {
	if d.pkg == "" {
		return ""
	}
	return " (on Debian: apt-get install " + d.pkg + ")"
}

func (e *processEngine) identity() string { return e.name }

func (e *processEngine) readsText() bool { return true }

func (e *processEngine) start() worker {
	if w := e.spare; w != nil {
		e.spare = nil
		return w
	}
	return &processWorker{engine: e}
}

// A processWorker owns at most one solver process and starts another when that died.
type processWorker struct {
	engine *processEngine
	cmd    *exec.Cmd // nil when no process runs
	in     io.WriteCloser
	out    *bufio.Reader
	asked  int // numbers the end marks, so that a late reply is never taken for another's
}

// version asks a solver who it is.
func (w *processWorker) version(ctx context.Context) (string, error) {
	reply, err := w.ask(ctx, "(get-info :name)\n(get-info :version)\n")
	if err != nil {
		return "", err
	}
	name, version := infoValue(reply, ":name"), infoValue(reply, ":version")
	if name == "" || version == "" {
		return "", fmt.Errorf("it says %q", reply)
	}
	return strings.ToLower(name) + " " + version, nil
}

// infoValue reads "x" from (:key "x").
func infoValue(reply, key string) string {
	_, rest, _ := strings.Cut(reply, "("+key+" \"")
	value, _, _ := strings.Cut(rest, "\"")
	return value
}

func (w *processWorker) solve(ctx context.Context, p *problem) result {
	wall := time.Duration(w.engine.limits.wall) * time.Millisecond
	ctx, cancel := context.WithTimeout(ctx, wall)
	defer cancel()
	var err error
	// A solver that dies may have been killed by someone else: it gets more chances.
	for range 3 {
		var r result
		if r, err = w.attempt(ctx, p); err == nil {
			return r
		}
		w.kill()
		if ctx.Err() != nil {
			break
		}
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return unknown(fmt.Sprintf("no answer within %v, solver killed", wall))
	}
	return unknown("solver failed: " + err.Error())
}

// attempt asks incrementally and, where that leaves it open, once more from a fresh state.
func (w *processWorker) attempt(ctx context.Context, p *problem) (result, error) {
	r, err := w.query(ctx, "(push 1)\n"+p.text, p)
	if err != nil {
		return r, err
	}
	retry := w.engine.dialect.retry
	if r.status != Unknown || retry == nil {
		return r, w.send("(pop 1)\n")
	}
	r, err = w.query(ctx, retry(w.engine.limits.of(p))+p.text, p)
	if err != nil {
		return r, err
	}
	return r, w.send("(reset)\n" + w.engine.dialect.header(w.engine.limits))
}

// query sends assertions and reads verdict and model.
func (w *processWorker) query(ctx context.Context, text string, p *problem) (result, error) {
	reply, err := w.ask(ctx, text+"(check-sat)\n")
	if err != nil {
		return result{}, err
	}
	switch reply {
	case "unsat":
		return result{status: Unsat}, nil
	case "sat":
		return w.readModel(ctx, p)
	case "unknown":
		reason, err := w.ask(ctx, "(get-info :reason-unknown)\n")
		return gaveUp(reasonText(reason)), err
	}
	return result{}, fmt.Errorf("unexpected reply %q", clip(reply))
}

// reasonText shortens (:reason-unknown "x") to x.
func reasonText(reply string) string {
	s := strings.TrimSuffix(strings.TrimPrefix(reply, "(:reason-unknown "), ")")
	if s = strings.Trim(s, `" `); s == "" {
		return "the solver gives no reason"
	}
	return s
}

func clip(s string) string {
	if len(s) > 200 {
		return s[:200] + "..."
	}
	return s
}

func (w *processWorker) readModel(ctx context.Context, p *problem) (result, error) {
	names := append(append([]string(nil), p.ints...), p.bools...)
	r := result{status: Sat, model: Model{}}
	if len(names) == 0 {
		return r, nil
	}
	var b strings.Builder
	for _, n := range names {
		b.WriteString(" " + symbol(n))
	}
	reply, err := w.ask(ctx, "(get-value ("+b.String()+"))\n")
	if err != nil {
		return result{}, err
	}
	values, err := parseValues(reply)
	if err != nil || len(values) != len(names) {
		return result{}, fmt.Errorf("unreadable model %q", clip(reply))
	}
	for i, n := range names {
		r.model[n] = values[i]
	}
	return r, nil
}

// ask sends commands and gives everything the solver prints until it has obeyed them.
func (w *processWorker) ask(ctx context.Context, commands string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if w.cmd == nil {
		if err := w.spawn(); err != nil {
			return "", err
		}
	}
	proc := w.cmd.Process
	stop := context.AfterFunc(ctx, func() { _ = proc.Kill() })
	defer stop()
	w.asked++
	mark := fmt.Sprintf("loopopt-end-%d", w.asked)
	if err := w.send(commands + "(echo \"" + mark + "\")\n"); err != nil {
		return "", err
	}
	var reply strings.Builder
	for {
		line, err := w.out.ReadString('\n')
		if err != nil {
			return "", fmt.Errorf("solver stopped after %q: %w", clip(reply.String()), err)
		}
		line = strings.TrimSpace(line)
		if strings.Trim(line, `"`) == mark {
			return strings.TrimSpace(reply.String()), nil
		}
		reply.WriteString(line + "\n")
	}
}

func (w *processWorker) send(text string) error {
	_, err := io.WriteString(w.in, text)
	return err
}

func (w *processWorker) spawn() error {
	cmd := exec.Command(w.engine.path, w.engine.args...)
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	w.cmd, w.in, w.out = cmd, in, bufio.NewReader(out)
	return w.send(w.engine.dialect.header(w.engine.limits))
}

// kill ends the process at once; the next question starts another.
func (w *processWorker) kill() {
	if w.cmd == nil {
		return
	}
	_ = w.cmd.Process.Kill()
	_ = w.in.Close()
	_ = w.cmd.Wait()
	w.cmd = nil
}

// close kills too: a solver has nothing to save, and waiting for it would cost time.
func (w *processWorker) close() { w.kill() }
