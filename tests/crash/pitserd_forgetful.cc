// pitserd on a file system that forgets everything unsynced when the process is killed: a killed
// process alone loses no page cache.
#include <memory>

#include "rocksdb/env.h"
#include "server/app/run.h"
#include "tests/support/forgetful_fs.h"

int main(int argc, char** argv) {
  const std::unique_ptr<rocksdb::Env> env =
      rocksdb::NewCompositeEnv(std::make_shared<pitser::testing::ForgetfulFileSystem>());
  pitser::server::Environment environment;
  environment.env = env.get();
  return pitser::server::RunPitserd(argc, argv, environment);
}
