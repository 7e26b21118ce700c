#include "server/app/key_settings.h"

namespace pitser::server {

KeySetOptions KeyOptions(const Settings& settings) {
  KeySetOptions options;
  options.data_dir = settings.data;
  options.organization = settings.organization;
  options.publications_email = settings.publications_email;
  options.root_certificate = settings.root_certificate;
  options.publications_certificate = settings.publications_certificate;
  options.publications_key = settings.publications_key;
  options.calendar_certificate = settings.calendar_certificate;
  options.calendar_key = settings.calendar_key;
  return options;
}

}  // namespace pitser::server
