package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/loopopt/loopopt/equiv"
	"github.com/loopopt/loopopt/internal/corpus"
	"github.com/loopopt/loopopt/internal/explain"
	"github.com/loopopt/loopopt/internal/pipeline"
)

// writePage writes an overview as HTML, if a file for it is named.
func writePage(path string, o *explain.Overview) error {
	if path == "" {
		return nil
	}
	page, err := o.HTML()
	if err != nil {
		return err
	}
	return replaceFile(path, page)
}

// scheduleSections is the page of one file's schedules.
func scheduleSections(path string, reports []*pipeline.Report) *explain.Overview {
	o := &explain.Overview{Title: path}
	for _, r := range reports {
		o.Sections = append(o.Sections, explain.NewSection(r))
	}
	return o
}

// batchOverview is the page of all that verify looked at.
func batchOverview(results []corpus.Result, folders *folderResult, sc *scope) *explain.Overview {
	o := &explain.Overview{Title: "verify", Left: sc.left}
	for i := range results {
		r := &results[i]
		s := explain.Section{Title: r.Name, Outcome: r.Outcome, Verdict: r.Verdict, Expected: r.Want.String(), Checks: r.Checks}
		if r.Err != nil {
			s.Reason = r.Err.Error()
		}
		o.Sections = append(o.Sections, s)
	}
	findings := slices.Clone(sc.illegal)
	if folders != nil {
		findings = append(findings, folders.findings...)
		o.Tables = folderTables(folders)
	}
	other := explain.Table{Title: "Findings"}
	for _, f := range findings {
		row := explain.Row{Left: fmt.Sprint(f.span), Outcome: f.outcome, Note: f.text()}
		if f.outcome == invalid || f.outcome == differs {
			row.Outcome, row.Said = equiv.Refuted, f.rule()
		}
		other.Rows = append(other.Rows, row)
	}
	if len(findings) > 0 {
		o.Tables = append(o.Tables, other)
	}
	return o
}

// folderTables are the tables about generated code that are not empty.
func folderTables(folders *folderResult) (out []explain.Table) {
	forms := explain.Table{Title: "Generated code, read back"}
	for _, f := range folders.Forms {
		forms.Rows = append(forms.Rows, explain.Row{Left: f.File, Right: f.Loop, Outcome: f.Outcome, Verdict: f.Verdict, Note: f.Reason})
	}
	kernels := explain.Table{Title: "Scheduled kernels against naive ones"}
	for _, s := range folders.Scheduled {
		kernels.Rows = append(kernels.Rows, explain.Row{Left: s.File, Right: s.Naive, Outcome: s.Outcome, Verdict: s.Verdict})
	}
	claims := explain.Table{Title: "Exported functions"}
	for _, c := range folders.Claims {
		claims.Rows = append(claims.Rows, explain.Row{Left: c.Function + strings.TrimPrefix(c.Signature, "func"), Right: c.Kernel, Outcome: c.Outcome, Verdict: c.Verdict, Note: c.Reason})
	}
	fresh := explain.Table{Title: "Freshness"}
	for _, f := range folders.Fresh {
		row := explain.Row{Left: f.Folder, Right: f.Source, Outcome: equiv.Proved, Said: "same", Note: "is what gen writes now"}
		if !f.Fresh {
			row.Outcome, row.Said, row.Note = equiv.Refuted, "differs", "is not what gen writes now"
		}
		fresh.Rows = append(fresh.Rows, row)
	}
	for _, t := range []explain.Table{claims, kernels, forms, fresh} {
		if len(t.Rows) > 0 {
			out = append(out, t)
		}
	}
	return out
}
