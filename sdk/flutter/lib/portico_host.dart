// The host's side of the bridge, for super apps in Flutter. README.md is its guide.

export 'src/binding.dart';
export 'src/message.dart' show maxBytes;
