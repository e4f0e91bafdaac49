// The page of the management API: everything that /openapi.json says, to read.

import { useEffect, useState } from 'react';

import {
  callsByTag,
  exampleOf,
  fieldsOf,
  resolve,
  type Answer,
  type Call,
  type Description,
  type Field,
} from '../client/openapi';
import { Page } from '../parts/page';
import { t } from '../text';
import '../styles/docs.css';

export default function Docs() {
  const [all, setAll] = useState<Description | null>(null);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    fetch('/openapi.json')
      .then((answer) => answer.json() as Promise<Description>)
      .then(setAll)
      .catch(() => setFailed(true));
  }, []);
  if (failed) return <Page>{t('docs.failed')}</Page>;
  if (!all) return <Page busy>{null}</Page>;
  return (
    <Page>
      <Reference all={all} />
    </Page>
  );
}

function Reference({ all }: { all: Description }) {
  const tags = [...callsByTag(all)].filter(([, calls]) => calls.length > 0);
  return (
    <div className="docs">
      <h1>{t('docs.title', { name: all.info.title })}</h1>
      <Prose text={all.info.description ?? ''} />
      <p>
        <a href="/openapi.json">openapi.json</a> · {all.info.version}
      </p>
      <nav className="docs-tags" aria-label={t('docs.contents')}>
        {tags.map(([name]) => (
          <a key={name} href={`#${anchor(name)}`}>
            {name}
          </a>
        ))}
      </nav>
      {tags.map(([name, calls]) => (
        <section key={name} id={anchor(name)}>
          <h2>{name}</h2>
          <p className="muted">{all.tags.find((tag) => tag.name === name)?.description}</p>
          {calls.map((call) => (
            <CallCard key={call.operation.operationId} all={all} call={call} />
          ))}
        </section>
      ))}
    </div>
  );
}

function CallCard({ all, call }: { all: Description; call: Call }) {
  const { operation, method, path, parameters } = call;
  const content = operation.requestBody?.content;
  const answers = Object.entries(operation.responses).map(
    ([status, answer]) => [status, resolve(all, answer)] as const,
  );
  return (
    <details className="card docs-call">
      <summary>
        <span className={`docs-method ${method}`}>{method.toUpperCase()}</span>
        <code>{path}</code>
        <span className="docs-summary">{operation.summary}</span>
      </summary>
      <Prose text={operation.description ?? ''} />
      <Fields
        title={t('docs.parameters')}
        fields={parameters.map((one) => ({
          name: one.name,
          kind: one.in,
          required: one.required ?? false,
          description: one.description ?? '',
        }))}
      />
      <Fields
        title={t('docs.body')}
        fields={fieldsOf(all, content?.['application/json']?.schema)}
      />
      <pre tabIndex={0} aria-label={t('docs.example')}>
        {curl(call, exampleOf(content))}
      </pre>
      <h3>{t('docs.answers')}</h3>
      {answers.map(([status, answer]) => (
        <AnswerPart key={status} all={all} status={status} answer={answer} />
      ))}
    </details>
  );
}

function AnswerPart({
  all,
  status,
  answer,
}: {
  all: Description;
  status: string;
  answer: Answer;
}) {
  const fields = fieldsOf(all, answer.content?.['application/json']?.schema);
  return (
    <>
      <p>
        <strong>{status}</strong> {answer.description}
      </p>
      {status.startsWith('2') && <Fields fields={fields} />}
    </>
  );
}

function Fields({ title, fields }: { title?: string; fields: Field[] }) {
  if (fields.length === 0) return null;
  return (
    <>
      {title && <h3>{title}</h3>}
      <dl className="docs-fields">
        {fields.map((field) => (
          <div key={field.name}>
            <dt>
              <code>{field.name}</code>
              {field.required && <span className="docs-required">{t('docs.required')}</span>}
            </dt>
            <dd>
              <span className="muted">{field.kind}</span> <Line text={field.description} />
            </dd>
          </div>
        ))}
      </dl>
    </>
  );
}

// Paragraphs, **strong** and `code`: all that the description uses of Markdown.
function Prose({ text }: { text: string }) {
  return text
    .split(/\n{2,}/)
    .filter((paragraph) => paragraph.trim())
    .map((paragraph, i) => (
      <p key={i}>
        <Line text={paragraph} />
      </p>
    ));
}

function Line({ text }: { text: string }) {
  return text.split(/(\*\*[^*]+\*\*|`[^`]+`)/).map((part, i) => {
    if (part.startsWith('**')) return <strong key={i}>{part.slice(2, -2)}</strong>;
    if (part.startsWith('`')) return <code key={i}>{part.slice(1, -1)}</code>;
    return part;
  });
}

function anchor(name: string): string {
  return name.toLowerCase().replaceAll(' ', '-');
}

function curl({ method, path, operation }: Call, example: unknown): string {
  const lines = [
    `curl${method === 'get' ? '' : ` -X ${method.toUpperCase()}`} '${location.origin}${path}'`,
  ];
  const open = operation.security?.length === 0;
  if (!open) lines.push(`  -H "Authorization: Bearer $TOKEN"`);
  if (example !== undefined) {
    lines.push(`  -H 'Content-Type: application/json'`);
    lines.push(`  -d '${JSON.stringify(example)}'`);
  }
  return lines.join(' \\\n');
}
