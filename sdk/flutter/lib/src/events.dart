// The session's events, read from Portico or from the app's own backend (docs/session-events.md).
//
// It says what it heard, asks again after a cut, and refreshes where the token is over.

import 'dart:async';
import 'dart:convert';
import 'dart:io';
import 'dart:math';

import 'host.dart';

const _maxLine = 65536;
// A comment comes every 15 s.
const _silence = Duration(seconds: 20);
const _maxLater = 60;
const _ends = {'session_expired', 'session_ended', 'user_changed'};

/// How the renewal of a token ended. It throws where the device is offline.
enum Refreshed {
  /// There is a new token.
  yes,

  /// The answer was `invalid_grant`.
  refused,
}

/// The headers that prove who asks: `Authorization`, and `DPoP` where the token is bound to the app's key.
/// `nonce` is what Portico wants in the proof. It throws where the device is offline.
typedef Authorize = Future<Map<String, String>> Function({String? nonce});

/// An event of a stream.
typedef StreamEvent = ({String? event, String? id, String? data});

/// Reads a text/event-stream as it comes (HTML, "Interpreting an event stream").
final class EventReader {
  String _rest = '';
  String? _event;
  String? _id;
  String? _data;

  /// The events that are whole now.
  List<StreamEvent> read(String text) {
    final lines = (_rest + text).split(RegExp(r'\r\n|\n|\r(?!$)'));
    _rest = lines.removeLast();
    if (_rest.length > _maxLine) throw const FormatException('the line is too long');
    final whole = <StreamEvent>[];
    for (final line in lines) {
      if (line.isEmpty) {
        if (_data != null || _id != null) whole.add((event: _event, id: _id, data: _data));
        _event = _id = _data = null;
        continue;
      }
      final at = line.indexOf(':');
      final field = at < 0 ? line : line.substring(0, at);
      final said = at < 0 ? '' : line.substring(at + 1);
      final value = said.startsWith(' ') ? said.substring(1) : said;
      switch (field) {
        case 'data':
          _data = _data == null ? value : '$_data\n$value';
        case 'event':
          _event = value;
        case 'id':
          _id = value;
      }
    }
    return whole;
  }
}

enum _Ended { cut, refresh, again, over }

/// Follows the events of a session, for `follow` of a host. It ends with the session, or by `close`.
///
/// [uri] is `session_events_endpoint`, or an address of the app's backend that relays it.
Follower followEvents({
  required Uri uri,
  required Authorize authorize,
  required Future<Refreshed> Function() refresh,
  required Heard heard,
}) =>
    _Reader(uri, authorize, refresh, heard).._begin();

final class _Reader implements Follower {
  _Reader(this._uri, this._authorize, this._refresh, this._heard);

  final Uri _uri;
  final Authorize _authorize;
  final Future<Refreshed> Function() _refresh;
  final Heard _heard;
  final _random = Random.secure();
  String? _lastId;
  String? _nonce;
  HttpClient? _client;
  Completer<void>? _pause;
  bool _closed = false;
  bool _atOnce = false;
  // What a server that has no room asked for, in seconds.
  int _later = 0;

  @override
  void check() {
    _atOnce = true;
    _wake();
  }

  @override
  void close() {
    _closed = true;
    _wake();
  }

  void _wake() {
    final pause = _pause;
    if (pause != null && !pause.isCompleted) pause.complete();
    _client?.close(force: true);
  }

  Future<void> _begin() async {
    var tries = 0;
    while (!_closed) {
      _atOnce = false;
      _later = 0;
      var how = _Ended.cut;
      try {
        how = await _once();
        if (how == _Ended.refresh) {
          if (await _refresh() == Refreshed.refused) {
            if (!_closed) _heard('session_ended', const {'reason': 'logout'});
            return;
          }
          how = _Ended.again;
        }
      } on Exception {
        // The network is away: programs stay, and it is asked again.
      }
      if (how == _Ended.over || _closed) return;
      // Whatever is refused again and again is not asked for without a pause.
      tries = how == _Ended.again ? tries + 1 : 0;
      if (_atOnce || (how == _Ended.again && tries < 3)) continue;
      final wait = Duration(milliseconds: 1000 + _random.nextInt(4001), seconds: _later.clamp(0, _maxLater));
      final pause = _pause = Completer<void>();
      final timer = Timer(wait, () {
        if (!pause.isCompleted) pause.complete();
      });
      await pause.future;
      timer.cancel();
    }
  }

  /// One answer, to its end.
  Future<_Ended> _once() async {
    final proof = await _authorize(nonce: _nonce);
    if (_closed) return _Ended.over;
    final client = _client = HttpClient();
    try {
      final request = await client.getUrl(_uri).timeout(_silence);
      // What proves who asks is for this address and no other.
      request.followRedirects = false;
      proof.forEach(request.headers.set);
      request.headers.set('Accept', 'text/event-stream');
      final lastId = _lastId;
      if (lastId != null) request.headers.set('Last-Event-ID', lastId);
      final answer = await request.close().timeout(_silence);
      final asked = _nonce;
      final fresh = answer.headers.value('DPoP-Nonce');
      _nonce = fresh ?? asked;
      // A nonce that is new is worth another try; with the same one the token is what is refused.
      if (answer.statusCode == 401) return fresh != null && fresh != asked ? _Ended.again : _Ended.refresh;
      if (answer.statusCode != 200) {
        _later = int.tryParse(answer.headers.value('Retry-After') ?? '') ?? 0;
        return _Ended.cut;
      }
      final events = EventReader();
      await for (final text in answer.transform(utf8.decoder).timeout(_silence)) {
        for (final event in events.read(text)) {
          final how = _take(event);
          if (how != null) return how;
        }
      }
      return _Ended.cut;
    } finally {
      client.close(force: true);
      _client = null;
    }
  }

  /// How the stream ends with this event, or null where it goes on.
  _Ended? _take(StreamEvent said) {
    final (:event, :id, :data) = said;
    _lastId = id ?? _lastId;
    if (event == null) return null;
    if (event == 'token_expired') return _Ended.refresh;
    final Object? read = data == null ? const <String, Object?>{} : jsonDecode(data);
    if (read is! Map<String, Object?>) throw const FormatException('an event is an object');
    _heard(event, read);
    final ends = _ends.contains(event) && read['client_id'] == null;
    return _closed || ends ? _Ended.over : null;
  }
}
