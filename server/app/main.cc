#include "server/app/run.h"

int main(int argc, char** argv) { return pitser::server::RunPitserd(argc, argv, {}); }
