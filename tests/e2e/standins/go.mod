module standins

go 1.24
