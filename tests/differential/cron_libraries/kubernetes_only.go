//go:build kubernetes_only

// The module of supercronic wants a later Go than Debian's.
package main

func parseCronexpr(string) (nextFunction, error) {
	panic("built without cronexpr")
}
