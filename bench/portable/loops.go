//go:build linux

package main

// naive is the convolution as one writes it down.
func naive(l layer, X, F, Y []float32) error {
	for k := 0; k < l.K; k++ {
		for oj := 0; oj < l.P; oj++ {
			for oi := 0; oi < l.Q; oi++ {
				Y[(k*l.P+oj)*l.Q+oi] = 0
				for c := 0; c < l.C; c++ {
					for r := 0; r < l.R; r++ {
						for s := 0; s < l.S; s++ {
							ij, ii := l.stride*oj+r-l.pad, l.stride*oi+s-l.pad
							if ij >= 0 && ij < l.H && ii >= 0 && ii < l.W {
								Y[(k*l.P+oj)*l.Q+oi] += X[(c*l.H+ij)*l.W+ii] * F[((k*l.C+c)*l.R+r)*l.S+s]
							}
						}
					}
				}
			}
		}
	}
	return nil
}

// hand is written for speed: four rows of the output at a time, to which a row of the image is added
// that lies inside of it, bounds checked once a row.
func hand(l layer, X, F, Y []float32) error {
	taps := l.C * l.R * l.S
	for k := 0; k < l.K; k += 4 {
		for oj := 0; oj < l.P; oj++ {
			var rows [4][]float32
			for i := range rows {
				rows[i] = Y[((k+i)*l.P+oj)*l.Q:][:l.Q]
				clear(rows[i])
			}
			first, last := max(0, l.pad-l.stride*oj), min(l.R, l.H+l.pad-l.stride*oj)
			for c := 0; c < l.C; c++ {
				for r := first; r < last; r++ {
					row := X[(c*l.H+l.stride*oj+r-l.pad)*l.W:][:l.W]
					for s := 0; s < l.S; s++ {
						f := F[k*taps+(c*l.R+r)*l.S+s:]
						f0, f1, f2, f3 := f[0], f[taps], f[2*taps], f[3*taps]
						lo := max(0, (l.pad-s+l.stride-1)/l.stride)
						hi := min(l.Q, (l.W+l.pad-s+l.stride-1)/l.stride)
						if lo >= hi {
							continue
						}
						y0 := rows[0][lo:hi]
						y1, y2, y3 := rows[1][lo:][:len(y0)], rows[2][lo:][:len(y0)], rows[3][lo:][:len(y0)]
						x := row[l.stride*lo+s-l.pad:]
						if l.stride == 1 {
							for i, v := range x[:len(y0)] {
								y0[i] += v * f0
								y1[i] += v * f1
								y2[i] += v * f2
								y3[i] += v * f3
							}
							continue
						}
						for i := range y0 {
							v := x[l.stride*i]
							y0[i] += v * f0
							y1[i] += v * f1
							y2[i] += v * f2
							y3[i] += v * f3
						}
					}
				}
			}
		}
	}
	return nil
}

// naiveBlocks is the convolution as one writes it down, of arrays in blocks of 16 channels.
func naiveBlocks(l layer, X, F, Y []float32) error {
	for k := 0; k < l.K; k++ {
		for oj := 0; oj < l.P; oj++ {
			for oi := 0; oi < l.Q; oi++ {
				y := ((k/16*l.P+oj)*l.Q+oi)*16 + k%16
				Y[y] = 0
				for c := 0; c < l.C; c++ {
					for r := 0; r < l.R; r++ {
						for s := 0; s < l.S; s++ {
							ij, ii := l.stride*oj+r-l.pad, l.stride*oi+s-l.pad
							if ij >= 0 && ij < l.H && ii >= 0 && ii < l.W {
								Y[y] += X[((c/16*l.H+ij)*l.W+ii)*16+c%16] * F[((((k/16*(l.C/16)+c/16)*l.R+r)*l.S+s)*16+c%16)*16+k%16]
							}
						}
					}
				}
			}
		}
	}
	return nil
}

// handBlocks is written for speed: 16 channels of a pixel at a time, to which four of the image are added.
func handBlocks(l layer, X, F, Y []float32) error {
	for kb := 0; kb < l.K/16; kb++ {
		for oj := 0; oj < l.P; oj++ {
			clear(Y[(kb*l.P+oj)*l.Q*16:][:l.Q*16])
			first, last := max(0, l.pad-l.stride*oj), min(l.R, l.H+l.pad-l.stride*oj)
			for cb := 0; cb < l.C/16; cb++ {
				for oi := 0; oi < l.Q; oi++ {
					y := (*[16]float32)(Y[((kb*l.P+oj)*l.Q+oi)*16:])
					for r := first; r < last; r++ {
						for s := max(0, l.pad-l.stride*oi); s < min(l.S, l.W+l.pad-l.stride*oi); s++ {
							x := X[((cb*l.H+l.stride*oj+r-l.pad)*l.W+l.stride*oi+s-l.pad)*16:][:16]
							f := F[((kb*(l.C/16)+cb)*l.R*l.S+r*l.S+s)*256:][:256]
							for c := 0; c < 16; c += 4 {
								x0, x1, x2, x3 := x[c], x[c+1], x[c+2], x[c+3]
								f0 := (*[16]float32)(f[c*16:])
								f1 := (*[16]float32)(f[c*16+16:])
								f2 := (*[16]float32)(f[c*16+32:])
								f3 := (*[16]float32)(f[c*16+48:])
								for k := range y {
									y[k] = y[k] + x0*f0[k] + x1*f1[k] + x2*f2[k] + x3*f3[k]
								}
							}
						}
					}
				}
			}
		}
	}
	return nil
}
