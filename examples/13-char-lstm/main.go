// Char-lstm trains a small LSTM to foretell the next character of a text, prints the falling
// loss, draws it, and has the network write on its own.
//
//	go run ./examples/13-char-lstm -text docs/language.md -svg loss.svg
//
// The network is an embedding, a layer of package nn, and a dense layer to one number for each
// character; truncated backpropagation through time, and Adam.
package main

import (
	"cmp"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"time"

	"gonum.org/v1/gonum/blas"

	"github.com/loopopt/loopopt/kernels/gonum"
	"github.com/loopopt/loopopt/kernels/nn"
)

func main() {
	text := flag.String("text", "docs/language.md", "the text to learn")
	svg := flag.String("svg", "", "draw the loss to this file")
	rounds := flag.Int("rounds", 600, "how often the weights are changed")
	flag.Parse()
	if err := run(*text, *svg, *rounds); err != nil {
		fmt.Fprintln(os.Stderr, "char-lstm:", err)
		os.Exit(2)
	}
}

func run(path, svg string, rounds int) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	m, err := newModel(string(text), 1)
	if err != nil {
		return err
	}
	fmt.Println(m.lstm)
	var losses []float64
	start := time.Now()
	for round := range rounds {
		loss, err := m.learn()
		if err != nil {
			return err
		}
		losses = append(losses, loss)
		if (round+1)%50 == 0 || round == 0 {
			fmt.Printf("round %4d: %.3f nats a character, %.1f s\n", round+1, mean(losses[max(0, len(losses)-20):]), time.Since(start).Seconds())
		}
	}
	said, err := m.write(200)
	if err != nil {
		return err
	}
	fmt.Printf("\n%s\n", said)
	if svg == "" {
		return nil
	}
	return os.WriteFile(svg, []byte(draw(losses)), 0o644) //nolint:gosec // a picture for all
}

const (
	inputs = 64  // numbers that stand for a character
	units  = 128 // of the LSTM
	batch  = 12  // places of the text that are read at the same time
	steps  = 32  // that gradients go back
	rate   = 0.003
)

// A model is a network and where it is in its text.
type model struct {
	chars []rune // by number
	text  []int  // numbers
	at    []int  // of each place
	lstm  *nn.LSTMTraining
	w     nn.LSTMWeights
	embed []float32 // [chars][inputs]
	out   []float32 // [units][chars]
	bias  []float32 // [chars]
	h, s  []float32 // [batch][units]
	adam  []adam
	rng   *rand.Rand
}

func newModel(text string, seed uint64) (*model, error) {
	m := &model{rng: rand.New(rand.NewPCG(seed, seed))}
	numbers := map[rune]int{}
	m.chars = []rune(text)
	if len(m.chars) < batch*steps {
		return nil, fmt.Errorf("a text of %d characters is too short: %d are needed", len(m.chars), batch*steps)
	}
	slices.Sort(m.chars)
	m.chars = slices.Compact(m.chars)
	for i, c := range m.chars {
		numbers[c] = i
	}
	for _, c := range text {
		m.text = append(m.text, numbers[c])
	}
	for i := range batch {
		m.at = append(m.at, i*len(m.text)/batch)
	}
	v := len(m.chars)
	random := func(n, fan int) []float32 {
		out := make([]float32, n)
		for i := range out {
			out[i] = float32(m.rng.NormFloat64() / math.Sqrt(float64(fan)))
		}
		return out
	}
	m.w = nn.LSTMWeights{
		Inputs: inputs, Units: units,
		W: random(4*units*inputs, inputs), R: random(4*units*units, units), B: make([]float32, 4*units),
	}
	for k := range units {
		m.w.B[units+k] = 1 // remember, to begin with
	}
	m.embed, m.out, m.bias = random(v*inputs, inputs), random(units*v, units), make([]float32, v)
	m.h, m.s = make([]float32, batch*units), make([]float32, batch*units)
	for _, x := range m.weights() {
		m.adam = append(m.adam, adam{first: make([]float32, len(x)), second: make([]float32, len(x))})
	}
	var err error
	m.lstm, err = nn.NewLSTMTraining(m.w)
	return m, err
}

func (m *model) weights() [][]float32 {
	return [][]float32{m.w.W, m.w.R, m.w.B, m.embed, m.out, m.bias}
}

// learn reads on by some steps, changes the weights, and tells the loss before that, in nats a
// character.
func (m *model) learn() (float64, error) {
	const rows = steps * batch
	v := len(m.chars)
	x, next := make([]float32, rows*inputs), make([]int, rows)
	read := make([]int, rows)
	for t := range steps {
		for n := range batch {
			r := t*batch + n
			read[r] = m.text[m.at[n]]
			m.at[n] = (m.at[n] + 1) % len(m.text)
			next[r] = m.text[m.at[n]]
			copy(x[r*inputs:], m.embed[read[r]*inputs:][:inputs])
		}
	}
	y := make([]float32, rows*units)
	if err := m.lstm.Forward(steps, batch, x, y, m.h, m.s); err != nil {
		return 0, err
	}
	scores := make([]float32, rows*v)
	for r := range rows {
		copy(scores[r*v:], m.bias)
	}
	gemm := gonum.BLAS{}
	gemm.Sgemm(blas.NoTrans, blas.NoTrans, rows, v, units, 1, y, units, m.out, v, 1, scores, v)
	p := make([]float32, rows*v)
	if err := nn.Softmax(rows, v, scores, p); err != nil {
		return 0, err
	}
	loss := 0.0
	g := make([][]float32, 6)
	for i, w := range m.weights() {
		g[i] = make([]float32, len(w))
	}
	for r := range rows { // p becomes the gradient by the scores
		loss -= math.Log(max(float64(p[r*v+next[r]]), 1e-30)) / rows
		p[r*v+next[r]]--
		for i := range v {
			p[r*v+i] /= rows
			g[5][i] += p[r*v+i]
		}
	}
	gemm.Sgemm(blas.Trans, blas.NoTrans, units, v, rows, 1, y, units, p, v, 0, g[4], v)
	dy, dx := make([]float32, rows*units), make([]float32, rows*inputs)
	gemm.Sgemm(blas.NoTrans, blas.Trans, rows, units, v, 1, p, v, m.out, v, 0, dy, units)
	if err := m.lstm.Backward(dy, dx, nil, nil, nn.LSTMGradients{W: g[0], R: g[1], B: g[2]}); err != nil {
		return 0, err
	}
	for r, c := range read {
		for i, d := range dx[r*inputs:][:inputs] {
			g[3][c*inputs+i] += d
		}
	}
	for i, w := range m.weights() {
		m.adam[i].step(w, g[i])
	}
	return loss, m.lstm.SetWeights(m.w)
}

// Adam (Kingma and Ba, 2015), of one array of weights.
type adam struct {
	first, second []float32
	n             int
}

func (a *adam) step(w, g []float32) {
	a.n++
	size := rate * math.Sqrt(1-math.Pow(0.999, float64(a.n))) / (1 - math.Pow(0.9, float64(a.n)))
	for i, d := range g {
		d = min(max(d, -1), 1)
		a.first[i] = 0.9*a.first[i] + 0.1*d
		a.second[i] = 0.999*a.second[i] + 0.001*d*d
		w[i] -= float32(size) * a.first[i] / (float32(math.Sqrt(float64(a.second[i]))) + 1e-8)
	}
}

// write has the network write n characters, one after the other.
func (m *model) write(n int) (string, error) {
	l, err := nn.NewLSTM(m.w)
	if err != nil {
		return "", err
	}
	v := len(m.chars)
	byScore := make([]float32, v*units) // [chars][units], as a dense layer has it
	for k := range units {
		for i := range v {
			byScore[i*units+k] = m.out[k*v+i]
		}
	}
	d, err := nn.NewDense(nn.DenseWeights{Inputs: units, Outputs: v, W: byScore, B: m.bias})
	if err != nil {
		return "", err
	}
	h, s, y := make([]float32, units), make([]float32, units), make([]float32, units)
	scores, p := make([]float32, v), make([]float32, v)
	var out strings.Builder
	c := m.text[0]
	for range n {
		out.WriteRune(m.chars[c])
		err := cmp.Or(l.Forward(1, 1, m.embed[c*inputs:][:inputs], y, h, s), d.Forward(1, y, scores))
		for i := range scores {
			scores[i] /= 0.7 // rather what is likely
		}
		if err = cmp.Or(err, nn.Softmax(1, v, scores, p)); err != nil {
			return "", err
		}
		c = v - 1
		for u, i := m.rng.Float32(), 0; i < v; i++ {
			if u -= p[i]; u < 0 {
				c = i
				break
			}
		}
	}
	return out.String(), nil
}

func mean(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}

// draw is the loss over the rounds as a picture, each point the mean of ten rounds.
func draw(losses []float64) string {
	const width, height, left, bottom = 640, 300, 50, 260
	top := math.Ceil(slices.Max(losses))
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="system-ui, sans-serif" font-size="12">`+"\n", width, height)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#fff"/>`+"\n", width, height)
	fmt.Fprintf(&b, `<text x="%d" y="18" fill="#1d242c" font-size="14">Loss of the character LSTM, nats a character</text>`+"\n", left)
	y := func(v float64) float64 { return bottom - v/top*(bottom-34) }
	for v := 0.0; v <= top; v++ {
		fmt.Fprintf(&b, `<path d="M%d %.1fH%d" stroke="#dde3ea"/><text x="%d" y="%.1f" text-anchor="end" fill="#68727e">%g</text>`+"\n", left, y(v), width-20, left-8, y(v)+4, v)
	}
	x := func(i int) float64 { return left + float64(i)/float64(len(losses))*(width-20-left) }
	for i := 0; i <= len(losses); i += max(1, len(losses)/4) {
		fmt.Fprintf(&b, `<text x="%.1f" y="%d" text-anchor="middle" fill="#68727e">%d</text>`+"\n", x(i), bottom+18, i)
	}
	var points []string
	for i := 0; i < len(losses); i += 10 {
		part := losses[i:min(i+10, len(losses))]
		points = append(points, fmt.Sprintf("%.1f,%.1f", x(i+len(part)/2), y(mean(part))))
	}
	fmt.Fprintf(&b, `<polyline points="%s" fill="none" stroke="#0b6bcb" stroke-width="2"/>`+"\n", strings.Join(points, " "))
	fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="middle" fill="#68727e">rounds</text>`+"\n</svg>\n", (left+width-20)/2, height-6)
	return b.String()
}
