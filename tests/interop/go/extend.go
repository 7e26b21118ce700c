package main

import (
	"errors"
	"fmt"
	"time"

	ksierrors "github.com/guardtime/goksi/errors"
	"github.com/guardtime/goksi/hash"
	"github.com/guardtime/goksi/pdu"
	"github.com/guardtime/goksi/publications"
	"github.com/guardtime/goksi/service"
	"github.com/guardtime/goksi/signature"
	"github.com/guardtime/goksi/signature/verify/reserr"
)

// extendChecks is what can be done after two publications, with the signatures made before them.
func extendChecks(kit *sdk, c *checks) {
	c.check("extend-sha-256", func() error { return kit.extendOne("sha-256", hash.SHA2_256) })
	c.check("extend-sha-384", func() error { return kit.extendOne("sha-384", hash.SHA2_384) })
	c.check("extend-sha-512", func() error { return kit.extendOne("sha-512", hash.SHA2_512) })
	c.check("extend-pitser-signature", func() error {
		for name, algorithm := range pitserMade {
			if err := kit.extendOne(name, algorithm); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		return nil
	})
	c.check("extend-to-publication", kit.extendToPublication)
	c.check("extend-to-time", kit.extendToTime)
	c.check("extend-backwards", func() error {
		return kit.notExtended(func(signed time.Time) (time.Time, time.Time) {
			return signed, signed.Add(-time.Second)
		}, ksierrors.KsiServiceExtenderInvalidTimeRange)
	})
	c.check("extend-to-future", func() error {
		return kit.notExtended(func(signed time.Time) (time.Time, time.Time) {
			return signed, signed.Add(24 * time.Hour)
		}, ksierrors.KsiServiceExtenderRequestTimeInFuture)
	})
	c.check("extend-too-old", func() error {
		return kit.notExtended(func(signed time.Time) (time.Time, time.Time) {
			return time.Unix(1199145600, 0), signed
		}, ksierrors.KsiServiceExtenderRequestTimeTooOld)
	})
	c.check("unpublished", kit.unpublished)
}

// published is the record of the first publication after the signature, or of the last of all.
func (s *sdk) published(sig *signature.Signature, last bool) (*pdu.PublicationRec, error) {
	signed, err := sig.SigningTime()
	if err != nil {
		return nil, err
	}
	file, err := s.publications.ReceiveFile()
	if err != nil {
		return nil, err
	}
	search := publications.PubRecSearchNearest(signed)
	if last {
		search = publications.PubRecSearchLatest(signed)
	}
	record, err := file.PublicationRec(search)
	if err == nil && record == nil {
		err = errors.New("no publication after the signature")
	}
	return record, err
}

func (s *sdk) checkExtended(extended *signature.Signature, to *pdu.PublicationRec,
	document hash.Imprint) error {
	wanted, err := to.PublicationData()
	if err != nil {
		return err
	}
	record, err := extended.Publication()
	if err != nil {
		return err
	}
	if record == nil {
		return errors.New("no publication record")
	}
	data, err := record.PublicationData()
	if err != nil {
		return err
	}
	if !wanted.Equal(data) {
		return fmt.Errorf("extended to %v, not to %v", data, wanted)
	}
	policy := signature.PublicationsFileBasedVerificationPolicy
	return first(s.verdict(extended, policy, document, 0, reserr.ErrNA),
		s.verdict(extended, policy, imprint(document.Algorithm(), "other"), 0, reserr.Gen01))
}

func (s *sdk) extendOne(name string, algorithm hash.Algorithm) error {
	sig, err := s.read(name)
	if err != nil {
		return err
	}
	extender, err := s.extender(alice)
	if err != nil {
		return err
	}
	extended, err := extender.Extend(sig)
	if err != nil {
		return err
	}
	next, err := s.published(sig, false)
	if err != nil {
		return err
	}
	return first(s.checkExtended(extended, next, imprint(algorithm, name)),
		s.save(name+"-extended", name, extended))
}

// extendToPublication leads to the last publication; the SDK leaves the record out.
func (s *sdk) extendToPublication() error {
	sig, err := s.read("sha-256")
	if err != nil {
		return err
	}
	last, err := s.published(sig, true)
	if err != nil {
		return err
	}
	data, err := last.PublicationData()
	if err != nil {
		return err
	}
	at, err := data.PublicationTime()
	if err != nil {
		return err
	}
	root, err := data.PublishedHash()
	if err != nil {
		return err
	}
	return s.extendTo("last-extended", at, root)
}

// extendToTime leads to a later signature's second, whose root that one knows.
func (s *sdk) extendToTime() error {
	document := imprint(hash.SHA2_256, "later")
	later, err := s.signHash(alice, document)
	if err != nil {
		return err
	}
	if err = s.save("later", "later", later); err != nil {
		return err
	}
	chain, err := later.CalendarChain()
	if err != nil {
		return err
	}
	at, err := chain.PublicationTime()
	if err != nil {
		return err
	}
	root, err := chain.Aggregate()
	if err != nil {
		return err
	}
	return s.extendTo("time-extended", at, root)
}

// extendTo extends the signature sha-256 to a second whose root is known.
func (s *sdk) extendTo(name string, at time.Time, root hash.Imprint) error {
	sig, err := s.read("sha-256")
	if err != nil {
		return err
	}
	extender, err := s.extender(alice)
	if err != nil {
		return err
	}
	extended, err := extender.Extend(sig, service.ExtendOptionToTime(at))
	if err != nil {
		return err
	}
	chain, err := extended.CalendarChain()
	if err != nil {
		return err
	}
	leadsTo, err := chain.PublicationTime()
	if err != nil {
		return err
	}
	result, err := chain.Aggregate()
	if err != nil {
		return err
	}
	if !leadsTo.Equal(at) || !hash.Equal(result, root) {
		return fmt.Errorf("extended to %v, %v, not to %v, %v", leadsTo, result, at, root)
	}
	return s.save(name, "sha-256", extended)
}

// notExtended asks for a chain between times that depend on a signature's.
func (s *sdk) notExtended(times func(time.Time) (time.Time, time.Time),
	code ksierrors.ErrorCode) error {
	sig, err := s.read("sha-256")
	if err != nil {
		return err
	}
	signed, err := sig.SigningTime()
	if err != nil {
		return err
	}
	extender, err := s.extender(alice)
	if err != nil {
		return err
	}
	from, to := times(signed)
	_, err = extender.ReceiveCalendar(from, to)
	return raises(err, code, "extending")
}

// unpublished holds that a signature after the last publication cannot be decided on.
func (s *sdk) unpublished() error {
	later, err := s.read("later")
	if err != nil {
		return err
	}
	return s.verdict(later, signature.PublicationsFileBasedVerificationPolicy,
		imprint(hash.SHA2_256, "later"), 0, reserr.Gen02)
}
