// What one WebView may do besides what the vectors say: where it may go, and who is heard in it.

import 'dart:convert';

import 'package:flutter_test/flutter_test.dart';
import 'package:portico_host/src/address.dart';
import 'package:portico_host/src/instance.dart';

const _market = 'https://market.example';
const _page = 'AAAAAAAAAAAAAAAAAAAAAAAA';
const _host = 'hhhhhhhhhhhhhhhhhhhhhhhh';

class _FakePage implements WebPage {
  final scripts = <String>[];

  @override
  Future<void> runJavaScript(String script) async => scripts.add(script);

  @override
  Future<void> goBack() async {}
}

class _World {
  _World({String? through}) {
    instance = Instance(
      through: through,
      clientId: 'market',
      origins: const [_market, 'https://shop.example:8443'],
      methods: const ['login'],
      call: (method, params, stop) => const {'code': 'c'},
      strayed: () => strayed += 1,
      openOutside: openOutside.add,
      nonce: () => _host,
    )..attach(page);
  }

  late final Instance instance;
  final page = _FakePage();
  final openOutside = <String>[];
  int strayed = 0;

  void says(Map<String, Object?> message) =>
      instance.message(jsonEncode({'portico': 1, 'page_nonce': _page, ...message}));

  void hello([String nonce = _page]) => says({'type': 'hello', 'client_id': 'market', 'page_nonce': nonce});
}

void main() {
  test('an origin is read as a browser writes it, or not at all', () {
    expect(originOf('https://market.example:443/x'), _market);
    expect(originOf('http://127.0.0.1:3000/'), 'http://127.0.0.1:3000');
    for (final address in [
      null, '', 'about:blank', 'http://market.example/', 'https://Market.example/', 'https://market.example@evil.example/',
      'https://market.example\\@evil.example/', 'https://market.example\n.evil.example/', 'javascript:1', 'data:text/html,x',
    ]) {
      expect(originOf(address), isNull, reason: '$address');
    }
  });

  test('a deep link names a program, a path and parameters, and nothing else', () {
    final link = readDeepLink('https://nova.example/m/market/offers/7?size=m&q=a+b%26#access_token=x', 'https://nova.example/m')!;
    expect([link.clientId, link.path, link.params], ['market', '/offers/7', {'size': 'm', 'q': 'a b&'}]);
    for (final wrong in [
      'https://nova.example/m', 'https://evil.example/m/market', 'nova://m/market', 'https://nova.example/m/market//evil.example',
      'https://nova.example/m/market?a=%zz', 'https://nova.example/m/market?__proto__=x',
    ]) {
      expect(readDeepLink(wrong, 'https://nova.example/m'), isNull, reason: wrong);
    }
  });

  test('the page stays within the origins of its program, and is told of where it shook hands', () {
    final world = _World();
    world.instance.started('$_market/open');
    world.hello();
    expect(world.page.scripts.single, startsWith('if(location.origin==="$_market")try{Portico.receive('));
    expect(world.instance.mayGo('https://shop.example:8443/', mainFrame: true), isTrue);
    expect(world.instance.mayGo('https://evil.example/', mainFrame: true), isFalse);
    expect(world.instance.mayGo('tel:1', mainFrame: true), isFalse);
    expect(world.openOutside, ['https://evil.example/']);
  });

  test('one hello is heard of each document', () {
    final world = _World();
    world.hello();
    expect(world.page.scripts, isEmpty, reason: 'no document began');
    world.instance.started('$_market/open');
    world.hello();
    world.hello('B' * 24);
    expect(world.page.scripts, hasLength(1), reason: 'a frame inside the page ends no handshake');
    world.instance.started('$_market/next');
    world.hello('C' * 24);
    expect(world.page.scripts, hasLength(2));
  });

  test('a document that went elsewhere although nobody let it is the end of the instance', () {
    final world = _World();
    world.instance.started('$_market/open');
    world.hello();
    world.instance.shows('https://evil.example/');
    expect(world.strayed, 1);
    world.instance.started('$_market/open');
    world.hello('B' * 24);
    expect(world.page.scripts, hasLength(1));
    expect(world.instance.mayGo('$_market/', mainFrame: true), isFalse);
  });

  test('a program that signs in by redirects goes through Portico, whose pages are not heard', () {
    final world = _World(through: 'https://portico.example');
    expect(world.instance.mayGo('https://portico.example/authorize?prompt=none', mainFrame: true), isTrue);
    world.instance.started('https://portico.example/web-ticket');
    world.hello();
    expect([world.page.scripts, world.strayed], [<String>[], 0]);
    expect(world.instance.mayGo('https://evil.example/', mainFrame: true), isFalse);
  });

  test('after its end the page has heard why, and nothing is asked for', () {
    final world = _World();
    world.instance.started('$_market/open');
    world.hello();
    world.instance.lock('logout');
    expect(world.page.scripts[1], contains('session_expired'));
    final said = world.page.scripts.length;
    world.says({'type': 'call', 'host_nonce': _host, 'id': 1, 'method': 'login', 'params': {'code_challenge': 'c'}});
    expect(world.page.scripts, hasLength(said));
  });

  test('a text reaches the page as data, whatever stands in it', () {
    final script = handOver('"\u2028\u2029\n</script>', _market);
    expect(script, isNot(matches(RegExp('[\u2028\u2029\n]'))));
    expect(script, contains(r'\"\u2028\u2029\n'));
  });
}
