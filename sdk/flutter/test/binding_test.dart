// The judging part is held to the vectors that every implementation shares.

import 'dart:async';
import 'dart:convert';

import 'package:fake_async/fake_async.dart';
import 'package:flutter_test/flutter_test.dart';
import 'package:portico_host/src/binding.dart';
import 'package:portico_host/src/message.dart';

import 'vectors.dart';

typedef Json = Map<String, Object?>;

void main() {
  for (final vector in (vectors('messages')['from_page'] as List).cast<Json>()) {
    test('a message of a page: ${vector['name']}', () {
      expect(parse(vector['text'] as String) != null, vector['valid']);
    });
  }

  final file = vectors('host');
  for (final vector in (file['vectors'] as List).cast<Json>()) {
    test('host: ${vector['name']}', () {
      fakeAsync((time) {
        final host = _Host(vector['program'] as Json, file, time);
        (vector['steps'] as List).cast<Json>().forEach(host.takes);
        host.isQuiet();
      });
    });
  }

  test('host: a call that takes too long is given up and says so', () {
    fakeAsync((time) {
      final sent = <Json>[];
      late Stop given;
      final binding = Binding(
        clientId: 'market',
        origins: ['https://market.example'],
        methods: ['login'],
        send: (text) => sent.add(jsonDecode(text) as Json),
        call: (method, params, stop) {
          given = stop;
          return Completer<Object?>().future;
        },
      );
      const page = 'AAAAAAAAAAAAAAAAAAAAAAAA';
      const sender = Sender(instance: true, mainFrame: true, origin: 'https://market.example');
      void receive(Json message) => binding.receive(sender, jsonEncode({'portico': 1, 'page_nonce': page, ...message}));
      receive({'type': 'hello', 'client_id': 'market'});
      final host = sent.removeLast()['host_nonce'];
      receive({'type': 'call', 'host_nonce': host, 'id': 1, 'method': 'login', 'timeout_ms': 2000});
      time.elapse(const Duration(milliseconds: 1999));
      expect(sent, isEmpty);
      time.elapse(const Duration(milliseconds: 1));
      expect(sent.removeLast()['error'], 'temporarily_unavailable');
      expect(given.isStopped, isTrue);
      receive({'type': 'call', 'host_nonce': host, 'id': 2, 'method': 'login', 'timeout_ms': 1125899906842624});
      time.elapse(const Duration(minutes: 5));
      expect(sent.removeLast()['error'], 'temporarily_unavailable', reason: 'a page cannot wait for longer than five minutes');
    });
  });

  test('host: nonces are drawn anew, in the form that pages take', () {
    final drawn = {for (var i = 0; i < 100; i += 1) drawNonce()};
    expect(drawn, hasLength(100));
    expect(drawn, everyElement(matches(RegExp(r'^[A-Za-z0-9_-]{24}$'))));
  });
}

/// A call of the host's app that still runs.
class _Answer {
  _Answer(this.stop);

  final Stop stop;
  final done = Completer<Object?>();
}

/// A binding, what it sent and whom it called.
class _Host {
  _Host(Json program, Json file, this._time) : _sender = file['sender'] as Json {
    final values = file['values'] as Json;
    _binding = Binding(
      clientId: program['client_id'] as String,
      origins: (program['origins'] as List).cast<String>(),
      methods: (program['methods'] as List).cast<String>(),
      sid: program['sid'] as String?,
      locked: program['locked'] as bool,
      context: program['context'] as Json,
      addressed: program['addressed'] as bool,
      send: (text) => _sent.add(jsonDecode(text) as Json),
      call: (method, params, stop) {
        _called.add({'method': method, 'params': params});
        final answer = _Answer(stop);
        _running.add(answer);
        return answer.done.future;
      },
      nonce: () => values['\$host${_drawn += 1}'] as String,
    );
  }

  final Json _sender;
  final FakeAsync _time;
  late final Binding _binding;
  final _sent = <Json>[];
  final _called = <Json>[];
  final _running = <_Answer>[];
  int _drawn = 0;

  void takes(Json step) {
    switch (step) {
      case {'sent': final Json message}:
        return expect(_sent.removeAt(0), message);
      case {'called': final Json call}:
        return expect(_called.removeAt(0), call);
      case {'aborted': final int which}:
        return expect(_running[which - 1].stop.isStopped, isTrue);
      case {'answer': final Json answer}:
        return _answers(answer);
    }
    isQuiet();
    switch (step) {
      case {'receive': final Json message}:
        _binding.receive(_senderOf(step['sender'] as Json? ?? _sender), jsonEncode(message));
      case {'do': 'lock', 'reason': final String reason}:
        _binding.lock(reason);
      case {'do': 'unlock'}:
        _binding.unlock(step['sid'] as String?);
      case {'do': 'context', 'context': final Json context}:
        _binding.setContext(context);
      case {'do': 'event', 'name': final String name}:
        _binding.event(name, step['data'] as Json? ?? const {});
      default:
        fail('what is $step?');
    }
    _time.flushMicrotasks();
  }

  Sender _senderOf(Json sender) => Sender(
        instance: sender['instance'] as bool,
        mainFrame: sender['main_frame'] as bool,
        origin: sender['origin'] as String,
      );

  void _answers(Json how) {
    final done = _running.removeAt(0).done;
    if (how.containsKey('result')) {
      done.complete(how['result']);
    } else if (how.containsKey('thrown')) {
      done.completeError(StateError(how['thrown'] as String));
    } else {
      final uri = how['interaction_uri'] as String?;
      done.completeError(Refusal(
        how['error'] as String,
        description: how['error_description'] as String?,
        interaction: how['interaction'] as String?,
        interactionUri: uri == null ? null : Uri.parse(uri),
      ));
    }
    _time.flushMicrotasks();
  }

  /// Nothing was said or done that no step named.
  void isQuiet() {
    expect(_sent, isEmpty);
    expect(_called, isEmpty);
  }
}
