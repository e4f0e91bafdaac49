// Messages, and where they are written.

import {
  selectHMSMessages,
  selectLocalPeerID,
  selectPeerNameByID,
  useHMSActions,
  useHMSStore,
  type HMSMessage,
} from '@100mslive/react-sdk';
import { useEffect, useState, type FormEvent, type KeyboardEvent } from 'react';

import { linkify } from '../client/linkify';
import { shownText } from '../client/shown';
import { clock, t } from '../text';
import { personName } from '../text/names';
import { Icon } from './icon';
import { Panel } from './panel';
import { usePeople } from './use-people';
import { useStickToEnd } from './use-stick-to-end';

const MAX_LENGTH = 2000;

export function ChatPanel({ away, onClose }: { away: boolean; onClose: () => void }) {
  const actions = useHMSActions();
  const messages = useHMSStore(selectHMSMessages).filter((message) => message.type === 'chat');
  const { ref, behind, toEnd } = useStickToEnd(messages.length);

  useEffect(() => {
    actions.setMessageRead(true);
  }, [actions, messages.length]);

  return (
    <Panel name="chat" title={t('chat.title')} onClose={onClose}>
      <div
        className="panel-body chat-body"
        ref={ref}
        tabIndex={0}
        role="log"
        aria-label={t('chat.title')}
      >
        {messages.length === 0 && <NoMessages />}
        <ol className="messages">
          {messages.map((message, i) => (
            <Message
              key={message.id}
              message={message}
              follows={follows(messages[i - 1], message)}
            />
          ))}
        </ol>
      </div>
      {behind && (
        <button type="button" className="button primary slim chat-new" onClick={toEnd}>
          {t('chat.new')}
          <Icon name="down" size={16} />
        </button>
      )}
      <Composer away={away} />
    </Panel>
  );
}

function NoMessages() {
  return (
    <div className="chat-empty">
      <Icon name="chat" size={30} />
      <strong>{t('chat.empty.title')}</strong>
      <p>{t('chat.empty.text')}</p>
    </div>
  );
}

// Whether a message continues what the same person just said, and needs no name of its own.
const ONE_BREATH_MS = 120_000;

function follows(before: HMSMessage | undefined, message: HMSMessage): boolean {
  return (
    before !== undefined &&
    before.sender === message.sender &&
    before.recipientPeer === message.recipientPeer &&
    message.time.getTime() - before.time.getTime() < ONE_BREATH_MS
  );
}

function Message({ message, follows }: { message: HMSMessage; follows: boolean }) {
  const mine = useHMSStore(selectLocalPeerID) === message.sender;
  const text = typeof message.message === 'string' ? shownText(message.message) : '';
  return (
    <li
      className={['message', mine && 'mine', follows && 'follows'].filter(Boolean).join(' ')}
      data-testid="chat-message"
      data-sender={message.senderName}
    >
      {!follows && (
        <p className="message-head">
          <strong dir="auto">{mine ? t('chat.you') : personName(message.senderName)}</strong>
          <time dateTime={message.time.toISOString()}>{clock(message.time)}</time>
          {message.recipientPeer && <PrivateMark mine={mine} to={message.recipientPeer} />}
        </p>
      )}
      <p className="message-text" dir="auto">
        {linkify(text).map((piece, i) =>
          piece.href ? (
            <a key={i} href={piece.href} target="_blank" rel="noopener noreferrer nofollow">
              {piece.text}
            </a>
          ) : (
            piece.text
          ),
        )}
      </p>
    </li>
  );
}

function PrivateMark({ mine, to }: { mine: boolean; to: string }) {
  const name = personName(useHMSStore(selectPeerNameByID(to)));
  return (
    <span className="message-private">
      {mine ? t('chat.private.to', { name }) : t('chat.private')}
    </span>
  );
}

function Composer({ away }: { away: boolean }) {
  const actions = useHMSActions();
  const others = usePeople().inside.filter((peer) => !peer.isLocal);
  const [text, setText] = useState('');
  const [to, setTo] = useState('');
  const [failed, setFailed] = useState(false);
  // Somebody who left takes no more messages, and nothing private may go to everyone instead.
  const gone = to !== '' && !others.some((peer) => peer.id === to);

  async function send() {
    const message = text.trim();
    if (message === '' || away || gone) return;
    setText('');
    setFailed(false);
    try {
      await (to === ''
        ? actions.sendBroadcastMessage(message)
        : actions.sendDirectMessage(message, to));
    } catch {
      setText((typed) => (typed === '' ? message : typed)); // ready to be sent again
      setFailed(true);
    }
  }

  function submit(event: FormEvent) {
    event.preventDefault();
    void send();
  }

  function onKeyDown(event: KeyboardEvent) {
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    void send();
  }

  return (
    <form className="composer" onSubmit={submit}>
      {others.length > 0 && (
        <label className="composer-to">
          <span>{t('chat.to')}</span>
          <select value={gone ? '' : to} onChange={(event) => setTo(event.target.value)}>
            <option value="">{t('chat.everyone')}</option>
            {others.map((peer) => (
              <option key={peer.id} value={peer.id}>
                {personName(peer.name)}
              </option>
            ))}
          </select>
        </label>
      )}
      {failed && (
        <p className="hint wrong" role="alert">
          {t('chat.failed')}
        </p>
      )}
      <div className="composer-line">
        <textarea
          rows={1}
          data-testid="chat-input"
          data-first-focus
          aria-label={t('chat.input')}
          placeholder={t('chat.placeholder')}
          maxLength={MAX_LENGTH}
          value={text}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={onKeyDown}
        />
        <button
          className="icon-button send"
          aria-label={t('chat.send')}
          disabled={text.trim() === '' || away}
        >
          <Icon name="send" />
        </button>
      </div>
    </form>
  );
}
