package main

import (
	"errors"
	"fmt"
	"sync"
	"time"

	ksierrors "github.com/guardtime/goksi/errors"
	"github.com/guardtime/goksi/hash"
	"github.com/guardtime/goksi/service"
	"github.com/guardtime/goksi/signature"
	"github.com/guardtime/goksi/signature/verify/reserr"
)

const (
	level       = byte(5)
	maxLevel    = byte(17) // Of alice's account, as are the requests below.
	maxRequests = uint64(1234)
	genesis     = uint64(1208217600)
	many        = 100
)

var (
	strict = credentials{"strict", "jabberwocky", hash.SHA2_512}

	// pitserMade are signatures of the command pitser, with the hashes of their documents.
	pitserMade = map[string]hash.Algorithm{
		"pitser": hash.SHA2_256, "pitser-sha-512": hash.SHA2_512, "pitser-batch": hash.SHA2_256}
)

// signChecks is what can be done before there is any publication.
func signChecks(kit *sdk, c *checks) {
	sign := func(name string, algorithm hash.Algorithm) {
		c.check("sign-"+name, func() error { return kit.signAndVerify(alice, algorithm, name) })
	}
	publications := func(name, root, address string, code ksierrors.ErrorCode) {
		c.check(name, func() error { return kit.publicationsRefused(root, address, code) })
	}
	refused := func(name string, who credentials) {
		c.check(name, func() error { return kit.refused(who) })
	}
	sign("sha-256", hash.SHA2_256)
	sign("sha-384", hash.SHA2_384)
	sign("sha-512", hash.SHA2_512)
	c.check("sign-level", kit.signWithLevel)
	c.check("level-too-high", kit.levelTooHigh)
	c.check("another-document", kit.anotherDocument)
	publications("another-root", kit.otherRoot, email, ksierrors.KsiInvalidPkiSignature)
	publications("another-email", kit.root(), "somebody@localhost",
		ksierrors.KsiPkiCertificateNotTrusted)
	refused("wrong-key", credentials{"alice", "looking-glass", hash.SHA2_256})
	refused("wrong-login", credentials{"malice", "wonderland", hash.SHA2_256})
	c.check("hmac-sha-512", kit.hmacSha512)
	refused("hmac-refused", credentials{strict.login, strict.key, hash.SHA2_256})
	c.check("aggregator-configuration", kit.aggregatorConfiguration)
	c.check("extender-configuration", kit.extenderConfiguration)
	c.check("no-publication-yet", kit.noPublicationYet)
	c.check("pitser-signature", kit.pitserSignature)
	c.check("many-at-once", kit.manyAtOnce)
}

func (s *sdk) signAndVerify(who credentials, algorithm hash.Algorithm, name string) error {
	document := imprint(algorithm, name)
	sig, err := s.signHash(who, document)
	if err != nil {
		return err
	}
	input, err := sig.DocumentHash()
	if err != nil {
		return err
	}
	if !hash.Equal(input, document) {
		return fmt.Errorf("input hash %v of %v", input, document)
	}
	identities, err := sig.AggregationHashChainIdentity()
	if err != nil {
		return err
	}
	if len(identities) == 0 {
		return errors.New("no identity")
	}
	client, err := identities[0].ClientID() // The lowest layer comes first.
	if err != nil {
		return err
	}
	extended, err := sig.IsExtended()
	return first(err, equal(who.login, client, "client id"), equal(false, extended, "extended"),
		s.verifyByKey(sig, document), s.save(name, name, sig))
}

func (s *sdk) signWithLevel() error {
	document := imprint(hash.SHA2_256, "level")
	sig, err := s.signHash(alice, document, service.SignOptionLevel(level))
	if err != nil {
		return err
	}
	policy := signature.KeyBasedVerificationPolicy
	return first(s.verdict(sig, policy, document, level, reserr.ErrNA),
		s.verdict(sig, policy, document, level+1, reserr.Gen03), s.saveSignature("level", sig))
}

func (s *sdk) levelTooHigh() error {
	document := imprint(hash.SHA2_256, "high")
	if _, err := s.signHash(alice, document, service.SignOptionLevel(maxLevel)); err != nil {
		return err
	}
	_, err := s.signHash(alice, document, service.SignOptionLevel(maxLevel+1))
	return raises(err, ksierrors.KsiServiceAggrRequestTooLarge, "level")
}

func (s *sdk) anotherDocument() error {
	sig, err := s.read("sha-256")
	if err != nil {
		return err
	}
	return s.verdict(sig, signature.KeyBasedVerificationPolicy,
		imprint(hash.SHA2_256, "other"), 0, reserr.Gen01)
}

// publicationsRefused holds that the publications file is not believed by this root and address.
func (s *sdk) publicationsRefused(root, address string, code ksierrors.ErrorCode) error {
	handler, err := s.handler(root, address)
	if err != nil {
		return err
	}
	file, err := handler.ReceiveFile()
	if err == nil {
		err = handler.Verify(file)
	}
	return raises(err, code, "publications file")
}

// refused holds that neither service takes the credentials.
func (s *sdk) refused(who credentials) error {
	_, err := s.signHash(who, imprint(hash.SHA2_256, "refused"))
	if err := raises(err, ksierrors.KsiServiceAuthenticationFailure, "aggregator"); err != nil {
		return err
	}
	extender, err := s.extender(who)
	if err != nil {
		return err
	}
	sig, err := s.read("sha-256")
	if err != nil {
		return err
	}
	signed, err := sig.SigningTime()
	if err != nil {
		return err
	}
	_, err = extender.ReceiveCalendar(signed, signed)
	return raises(err, ksierrors.KsiServiceAuthenticationFailure, "extender")
}

func (s *sdk) hmacSha512() error {
	extender, err := s.extender(strict)
	if err != nil {
		return err
	}
	if err = s.signAndVerify(strict, hash.SHA2_256, "hmac-sha-512"); err != nil {
		return err
	}
	configuration, err := extender.Config()
	if err != nil {
		return err
	}
	firstTime, err := configuration.CalFirst()
	return first(err, equal(genesis, firstTime, "first time"))
}

func (s *sdk) aggregatorConfiguration() error {
	signer, err := s.signer(alice)
	if err != nil {
		return err
	}
	configuration, err := signer.Config()
	if err != nil {
		return err
	}
	top, err1 := configuration.MaxLevel()
	requests, err2 := configuration.MaxReq()
	algorithm, err3 := configuration.AggrAlgo()
	period, err4 := configuration.AggrPeriod()
	return first(err1, err2, err3, err4, equal(maxLevel, top, "maximum level"),
		equal(maxRequests, requests, "maximum requests"),
		equal(hash.SHA2_256, algorithm, "algorithm"), equal(uint64(1000), period, "period"))
}

func (s *sdk) extenderConfiguration() error {
	extender, err := s.extender(alice)
	if err != nil {
		return err
	}
	configuration, err := extender.Config()
	if err != nil {
		return err
	}
	sig, err := s.read("hmac-sha-512")
	if err != nil {
		return err
	}
	signed, err := sig.SigningTime()
	if err != nil {
		return err
	}
	requests, err1 := configuration.MaxReq()
	firstTime, err2 := configuration.CalFirst()
	last, err3 := configuration.CalLast()
	if err = first(err1, err2, err3, equal(maxRequests, requests, "maximum requests"),
		equal(genesis, firstTime, "first time")); err != nil {
		return err
	}
	if lastTime := time.Unix(int64(last), 0); lastTime.Before(signed) {
		return fmt.Errorf("the last time %v is before a signature's, %v", lastTime, signed)
	}
	return nil
}

func (s *sdk) noPublicationYet() error {
	sig, err := s.read("sha-256")
	if err != nil {
		return err
	}
	extender, err := s.extender(alice)
	if err != nil {
		return err
	}
	_, err = extender.Extend(sig)
	return first(raises(err, ksierrors.KsiExtendNoSuitablePublication, "extending"),
		s.verdict(sig, signature.PublicationsFileBasedVerificationPolicy,
			imprint(hash.SHA2_256, "sha-256"), 0, reserr.Gen02))
}

func (s *sdk) pitserSignature() error {
	for name, algorithm := range pitserMade {
		sig, err := s.read(name)
		if err != nil {
			return err
		}
		if err = s.verifyByKey(sig, imprint(algorithm, name)); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// manyAtOnce has a signer for each goroutine, as the SDK wants it.
func (s *sdk) manyAtOnce() error {
	errs := make([]error, many)
	var group sync.WaitGroup
	for i := 0; i < many; i++ {
		group.Add(1)
		go func(i int) {
			defer group.Done()
			errs[i] = s.signOneOfMany(fmt.Sprintf("many-%d", i))
		}(i)
	}
	group.Wait()
	return first(errs...)
}

func (s *sdk) signOneOfMany(name string) error {
	signer, err := s.signerAt(s.manySign, alice)
	if err != nil {
		return err
	}
	document := imprint(hash.SHA2_256, name)
	sig, err := signer.Sign(document)
	if err != nil {
		return err
	}
	return first(s.verdict(sig, signature.InternalVerificationPolicy, document, 0, reserr.ErrNA),
		s.save(name, name, sig))
}
