module accesslog

go 1.19
