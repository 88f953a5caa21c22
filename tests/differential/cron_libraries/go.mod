module holdfast/tests/cronlibraries

go 1.26.5

require (
	github.com/aptible/supercronic v0.2.48
	github.com/robfig/cron/v3 v3.0.1
)
