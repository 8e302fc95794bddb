// The channel of the two sides of a module, with the native side that passes messages on.

import 'package:flutter/services.dart';
import 'package:flutter_test/flutter_test.dart';
import 'package:portico_host/portico_host.dart';

void main() {
  final messenger = TestWidgetsFlutterBinding.ensureInitialized().defaultBinaryMessenger;
  const codec = StandardMethodCodec();
  const channel = MethodChannel(miniProgramChannel);
  late List<String> asked;
  late int dropped;
  late DateTime now;
  late ModuleBridge module;

  Future<void> says(String method, Map<String, Object?> arguments) =>
      messenger.handlePlatformMessage(miniProgramChannel, codec.encodeMethodCall(MethodCall(method, arguments)), (_) {});

  Future<void> launch(String sid) => says('launch', {
        'miniProgramId': 'market', 'token': 'token of $sid', 'expiresIn': 100, 'sid': sid, 'theme': {'color_scheme': 'dark'},
        'locale': 'en', 'path': '/offers', 'params': {'a': '1'}, 'from': null,
      });

  setUp(() {
    asked = [];
    dropped = 0;
    now = DateTime.utc(2027);
    messenger.setMockMethodCallHandler(channel, (call) async {
      asked.add(call.method);
      return {'token': 'next', 'expiresIn': 100, 'sid': 'sid-1'};
    });
    module = ModuleBridge(dropSession: () async => dropped += 1, now: () => now);
  });

  Matcher refuses(String error) => throwsA(isA<Refusal>().having((refusal) => refusal.error, 'error', error));

  test('a module is locked until it is launched', () async {
    await expectLater(module.token(), refuses('locked'));
    final launched = module.launches.first;
    await launch('sid-1');
    expect((await launched).path, '/offers');
    expect(await module.token(), 'token of sid-1');
    expect(asked, isEmpty);
  });

  test('a token is renewed when four fifths of its time are over', () async {
    await launch('sid-1');
    now = now.add(const Duration(seconds: 79));
    expect(await module.token(), 'token of sid-1');
    now = now.add(const Duration(seconds: 1));
    expect(await module.token(), 'next');
    expect(asked, ['token']);
  });

  test('the end locks, and another stay drops the session of the one before first', () async {
    await launch('sid-1');
    final ended = module.ended.first;
    await says('session_expired', {'reason': 'logout'});
    expect(await ended, 'logout');
    await expectLater(module.token(), refuses('locked'));
    await launch('sid-2');
    expect(dropped, 1);
    expect(await module.token(), 'token of sid-2');
  });

  test('a token of another stay is none', () async {
    await launch('sid-2');
    now = now.add(const Duration(seconds: 90));
    await expectLater(module.token(), refuses('server_error'));
  });

  test('the host launches with a token of the program, and tells of the end', () async {
    final sent = <MethodCall>[];
    messenger.setMockMethodCallHandler(channel, (call) async {
      sent.add(call);
      return null;
    });
    final host = ModuleHost(
      exchange: (id) async => LaunchToken(token: 'token of $id', expiresIn: const Duration(minutes: 30), sid: 's'),
    );
    await host.launch('market', theme: const {'color_scheme': 'dark'}, locale: 'en');
    expect(sent.single.method, 'launch');
    expect((sent.single.arguments as Map)['token'], 'token of market');
    host.hear('session_ended', const {'reason': 'logout'});
    await expectLater(host.launch('taxi', theme: const {}, locale: 'en'), refuses('locked'));
    expect(sent.last.method, 'session_expired');
    host.signedIn();
    await host.launch('taxi', theme: const {}, locale: 'en');
  });
}
