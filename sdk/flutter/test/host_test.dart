// The host without a screen: what locks, covers and opens programs, as the session's events and the device say.

import 'dart:async';
import 'dart:convert';
import 'dart:io';

import 'package:fake_async/fake_async.dart';
import 'package:flutter_test/flutter_test.dart';
import 'package:portico_host/portico_host.dart';
import 'package:portico_host/src/instance.dart';

class _Stream implements Follower {
  _Stream(this.account, this.heard);

  final String account;
  final Heard heard;
  int checks = 0;
  bool closed = false;

  @override
  void check() => checks += 1;

  @override
  void close() => closed = true;
}

class _World {
  _World({
    FutureOr<Object?> Function(String, String, Map<String, Object?>, Stop)? call,
    Future<void> Function()? clearData,
  }) {
    host = PorticoHost(
      HostOptions(
        account: 'ada',
        follow: (account, heard) {
          streams.add(_Stream(account, heard));
          return streams.last;
        },
        call: call ?? (clientId, method, params, stop) => const <String, Object?>{},
        clearData: clearData ?? () async {},
        interactionReturnUri: 'nova://done',
      ),
      now: () => now,
    );
  }

  late final PorticoHost host;
  final streams = <_Stream>[];
  DateTime now = DateTime.utc(2027);

  void hear(String name, [Map<String, Object?> data = const {}]) => streams.last.heard(name, data);

  Program open(String id) => host.open(Launch(
        clientId: id,
        entryUri: 'https://$id.example/open',
        origins: ['https://$id.example'],
        sid: '$id-1',
      ));

  List<String?> get reasons => [for (final program in host.programs) program.reason];
}

/// A page that shook hands, and what it hears.
class _Page implements WebPage {
  _Page(this._instance) {
    _instance
      ..attach(this)
      ..started('https://market.example/open');
    _says({'type': 'hello', 'client_id': 'market'});
    _hostNonce = heard.single['host_nonce'] as String;
  }

  final Instance _instance;
  final heard = <Map<String, Object?>>[];
  late final String _hostNonce;
  int _id = 0;

  Future<void> calls(String method, Map<String, Object?> params) {
    _says({'type': 'call', 'host_nonce': _hostNonce, 'id': _id += 1, 'method': method, 'params': params});
    return pumpEventQueue();
  }

  void _says(Map<String, Object?> message) =>
      _instance.message(jsonEncode({'portico': 1, 'page_nonce': 'A' * 24, ...message}));

  @override
  Future<void> runJavaScript(String script) async {
    final text = RegExp(r'Portico\.receive\((".*")\)\}catch').firstMatch(script)?.group(1);
    if (text != null) heard.add(jsonDecode(jsonDecode(text) as String) as Map<String, Object?>);
  }

  @override
  Future<void> goBack() async {}
}

void main() {
  test('the end of the session locks every program at once, and takes its WebView away a second later', () {
    fakeAsync((time) {
      final world = _World();
      final market = world.open('market');
      world.open('taxi');
      world.hear('session_ended', {'reason': 'operator'});
      expect(world.reasons, ['operator', 'operator']);
      expect(() => world.open('food'), throwsA(isA<Refusal>()));
      expect(market.instance, isNotNull);
      time.elapse(const Duration(seconds: 1));
      expect(market.instance, isNull);
    });
  });

  test('an event that names a program ends that one alone', () {
    final world = _World();
    world.open('market');
    world.open('taxi');
    world.hear('session_ended', {'reason': 'left', 'client_id': 'market'});
    expect(world.reasons, ['left', null]);
    expect(world.host.locked, isNull);
  });

  test("the session's time locks without a network", () {
    fakeAsync((time) {
      final world = _World();
      world.open('market');
      world.hear('ready', {'at': 5000, 'session_expires_at': 65000});
      time.elapse(const Duration(seconds: 59));
      expect(world.reasons, [null]);
      time.elapse(const Duration(seconds: 1));
      expect(world.reasons, ['expired']);
    });
  });

  test('after half a minute in the background a program is covered until the stream is ready', () {
    final world = _World();
    final market = world.open('market');
    for (final (away, covered) in [(29, false), (30, true), (-3600, true)]) {
      world.host.appIs(active: false);
      world.now = world.now.add(Duration(seconds: away));
      world.host.appIs(active: true);
      expect(market.covered, covered, reason: '$away s');
      world.hear('ready');
      expect(market.covered, isFalse);
    }
    expect(world.streams.single.checks, 2);
  });

  test('another person finds nothing of the one before, and nothing opens before it is emptied', () async {
    final emptied = Completer<void>();
    final world = _World(clearData: () => emptied.future);
    world.open('market');
    final done = world.host.signedIn('bob', sids: {'market': 'market-9'});
    expect(world.host.programs, isEmpty);
    expect(() => world.open('market'), throwsA(isA<Refusal>()));
    emptied.complete();
    await done;
    world.open('market');
    world.streams.first.heard('session_ended', {'reason': 'logout'});
    expect(world.reasons, [null], reason: 'what the stream of the one before says late is for nobody');
  });

  test('the same person goes on in new WebViews, where a program has its new sid', () async {
    final world = _World();
    final market = world.open('market');
    world.open('taxi');
    final before = market.instance;
    world.hear('session_expired');
    await world.host.signedIn('ada', sids: {'market': 'market-2'});
    expect(world.host.programs, [market]);
    expect(market.instance, isNot(same(before)));
    expect(world.reasons, [null]);
    world.host.dispose();
  });

  test('back goes through the program, then the programs below, then out', () {
    final world = _World();
    final market = world.open('market');
    final taxi = world.open('taxi')..canGoBack = true;
    expect(world.host.back(), isTrue);
    expect(taxi.inFront, isTrue);
    taxi.canGoBack = false;
    expect(world.host.back(), isTrue);
    expect([taxi.inFront, market.inFront], [false, true]);
    expect(world.host.back(), isTrue);
    expect(world.host.back(), isFalse);
  });

  test('offline a program stays, and its calls fail for now', () async {
    final world = _World(call: (clientId, method, params, stop) => throw const SocketException('no network'));
    final market = world.open('market');
    final page = _Page(market.instance!);
    await page.calls('login', {'code_challenge': 'c'});
    expect(page.heard.last['error'], 'temporarily_unavailable');
    expect(world.reasons, [null]);
  });

  test('the sheet rises for the program in front, and the call is asked once more', () async {
    var asked = 0;
    final world = _World(call: (clientId, method, params, stop) {
      asked += 1;
      if (asked == 1) {
        throw Refusal('consent_required', interaction: 'i1', interactionUri: Uri.parse('https://portico.example/interaction?sheet=s'));
      }
      return {'code': 'c', 'sid': 'market-2'};
    });
    final page = _Page(world.open('market').instance!);
    await page.calls('login', {'code_challenge': 'c'});
    final sheet = world.host.sheet!;
    expect(world.host.sheetMayGo(sheet, 'https://evil.example/'), isFalse);
    expect(world.host.sheetMayGo(sheet, 'https://portico.example/interaction?step=2'), isTrue);
    expect(world.host.sheetMayGo(sheet, 'nova://done?interaction=i2&result=allowed'), isFalse);
    expect(world.host.sheet, same(sheet));
    expect(world.host.sheetMayGo(sheet, 'nova://done?interaction=i1&result=allowed'), isFalse);
    await pumpEventQueue();
    expect(world.host.sheet, isNull);
    expect(page.heard.last['result'], {'code': 'c'});
    expect('${page.heard}', isNot(contains('portico.example')));
  });

  test('what does not fit is not opened', () {
    final world = _World();
    expect(
      () => world.host.open(const Launch(clientId: 'm', entryUri: 'https://evil.example/', origins: ['https://market.example'])),
      throwsArgumentError,
    );
    expect(
      () => world.host.open(const Launch(clientId: 'm', entryUri: 'https://market.example/', origins: ['https://market.example'], path: '//evil.example')),
      throwsArgumentError,
    );
  });
}
