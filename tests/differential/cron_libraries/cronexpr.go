//go:build !kubernetes_only

package main

import "github.com/aptible/supercronic/cronexpr"

func parseCronexpr(text string) (nextFunction, error) {
	expression, err := cronexpr.ParseStrict(text)
	if err != nil {
		return nil, err
	}
	return expression.Next, nil
}
