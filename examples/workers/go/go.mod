module example.com/tandem-worker

go 1.19
