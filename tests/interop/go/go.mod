module dev.pitser/interop

// Debian 12's Go.
go 1.19

require github.com/guardtime/goksi v1.0.0

require github.com/fullsailor/pkcs7 v0.0.0-20190404230743-d7302db945fa // indirect
