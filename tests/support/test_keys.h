#pragma once

namespace pitser::testing {

// Private keys (RSA-2048, PEM) for tests, the same in every run. They protect nothing.
extern const char* const kTestRootKeyPem;
extern const char* const kTestPublisherKeyPem;
extern const char* const kTestCalendarKeyPem;
extern const char* const kTestOtherKeyPem;  // Belongs to no certificate.

}  // namespace pitser::testing
