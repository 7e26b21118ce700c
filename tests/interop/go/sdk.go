package main

import (
	"os"
	"path/filepath"

	"github.com/guardtime/goksi/hash"
	"github.com/guardtime/goksi/publications"
	"github.com/guardtime/goksi/service"
	"github.com/guardtime/goksi/signature"
	"github.com/guardtime/goksi/signature/verify/reserr"
	"github.com/guardtime/goksi/signature/verify/result"
)

const email = "publications@localhost"

// credentials are those of an account, with the hash of its HMACs.
type credentials struct {
	login, key string
	hmac       hash.Algorithm
}

var alice = credentials{"alice", "wonderland", hash.SHA2_256}

// sdk makes the SDK's objects, set up as docs/ksi-clients.md says.
type sdk struct {
	options
	publications *publications.FileHandler
}

func newSdk(o options) (*sdk, error) {
	kit := &sdk{options: o}
	handler, err := kit.handler(kit.root(), email)
	kit.publications = handler
	return kit, err
}

func (s *sdk) root() string {
	return filepath.Join(s.trust, "root.pem")
}

func (s *sdk) handler(root, email string) (*publications.FileHandler, error) {
	return publications.NewFileHandler(
		publications.FileHandlerSetPublicationsURL("http://"+s.extend+"/ksi-publications.bin"),
		publications.FileHandlerSetTrustedCertificateFromFilePem(root),
		publications.FileHandlerSetFileCertConstraint(publications.OidEmail, email))
}

func (s *sdk) endpoint(address, path string, who credentials) service.Option {
	uri := "ksi+http://" + address + path
	if s.transport == "tcp" {
		uri = "ksi+tcp://" + address
	}
	return service.OptEndpoint(uri, who.login, who.key)
}

func (s *sdk) signer(who credentials) (*service.Signer, error) {
	return s.signerAt(s.sign, who)
}

func (s *sdk) signerAt(address string, who credentials) (*service.Signer, error) {
	return service.NewSigner(
		s.endpoint(address, "/gt-signingservice", who), service.OptHmacAlgorithm(who.hmac))
}

func (s *sdk) extender(who credentials) (*service.Extender, error) {
	return service.NewExtender(s.publications,
		s.endpoint(s.options.extend, "/gt-extendingservice", who), service.OptHmacAlgorithm(who.hmac))
}

// signHash signs by a signer of its own: one must not be shared between goroutines.
func (s *sdk) signHash(who credentials, imprint hash.Imprint, options ...service.SignOption) (
	*signature.Signature, error) {
	signer, err := s.signer(who)
	if err != nil {
		return nil, err
	}
	return signer.Sign(imprint, options...)
}

// verdict is nil if `sig` verifies by the policy, or the rules' error code is the expected one.
func (s *sdk) verdict(sig *signature.Signature, policy signature.Policy, imprint hash.Imprint,
	level byte, expected reserr.Code) error {
	err := sig.Verify(policy, signature.VerCtxOptDocumentHash(imprint),
		signature.VerCtxOptInputHashLevel(level),
		signature.VerCtxOptPublicationsFileHandler(s.publications))
	if err != nil && expected == reserr.ErrNA {
		return err
	}
	report, err := sig.VerificationResult()
	if err != nil {
		return err
	}
	if expected == reserr.ErrNA {
		verdict, err := report.FinalResult().ResultCode()
		return first(err, equal(result.OK, verdict, policy.String()))
	}
	code, err := report.FinalResult().ErrorCode()
	return first(err, equal(expected, code, policy.String()))
}

func (s *sdk) verifyByKey(sig *signature.Signature, imprint hash.Imprint) error {
	return s.verdict(sig, signature.KeyBasedVerificationPolicy, imprint, 0, reserr.ErrNA)
}

func content(name string) []byte {
	return []byte("The document " + name + "\n")
}

func imprint(algorithm hash.Algorithm, name string) hash.Imprint {
	hasher, err := algorithm.New()
	if err != nil {
		panic(err) // Go's own algorithms: there is nothing to be done about it.
	}
	if _, err = hasher.Write(content(name)); err != nil {
		panic(err)
	}
	digest, err := hasher.Imprint()
	if err != nil {
		panic(err)
	}
	return digest
}

// save writes the document, as the file `name`, and its signature beside it.
func (s *sdk) save(name, document string, sig *signature.Signature) error {
	if err := os.WriteFile(filepath.Join(s.out, name), content(document), 0o644); err != nil {
		return err
	}
	return s.saveSignature(name, sig)
}

func (s *sdk) saveSignature(name string, sig *signature.Signature) error {
	raw, err := sig.Serialize()
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(s.out, name+".ksig"), raw, 0o644)
}

func (s *sdk) read(name string) (*signature.Signature, error) {
	return signature.New(signature.BuildFromFile(filepath.Join(s.out, name+".ksig")))
}
