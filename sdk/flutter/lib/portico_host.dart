// Portico for super apps in Flutter. README.md is the guide.

export 'src/address.dart' show DeepLink, readDeepLink;
export 'src/binding.dart' show Binding, CallHandler, Refusal, Sender, Stop;
export 'src/events.dart' show Authorize, Refreshed, followEvents;
export 'src/host.dart' show Follower, Heard, HostOptions, PorticoHost, Sheet;
export 'src/mini_program.dart' show CoverBuilder, MiniProgram;
export 'src/mini_programs.dart' show MiniPrograms;
export 'src/modules.dart';
export 'src/program.dart' show Launch, Program, WebTicket;
