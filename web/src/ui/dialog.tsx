// Dialogs, and the question before something is destroyed. The browser's own dialog keeps the focus inside, ends
// with Escape, and gives the focus back.

import { useEffect, useId, useRef, type ReactNode } from 'react';

import styles from './dialog.module.css';

interface DialogProps {
  title: string;
  children: ReactNode;
  onClose: () => void;
}

export function Dialog({ title, children, onClose }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    return () => shown?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      className={styles.dialog}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <h2 id={id}>{title}</h2>
      {children}
    </dialog>
  );
}

interface ConfirmProps {
  title: string;
  text: string;
  yes: string;
  no: string;
  problem: string;
  busy: boolean;
  onYes: () => void;
  onNo: () => void;
}

export function Confirm({ title, text, yes, no, problem, busy, onYes, onNo }: ConfirmProps) {
  return (
    <Dialog title={title} onClose={onNo}>
      <p>{text}</p>
      {problem !== '' && <FormError text={problem} />}
      <div className={styles.actions}>
        <button
          type="button"
          className="button"
          data-testid="confirm-cancel"
          autoFocus
          onClick={onNo}
        >
          {no}
        </button>
        <button
          type="button"
          className="button danger"
          data-testid="confirm"
          disabled={busy}
          onClick={onYes}
        >
          {yes}
        </button>
      </div>
    </Dialog>
  );
}

// Why a form was refused; `field` names the one at fault, if it is one.
export function FormError({
  text,
  field = '',
  id,
}: {
  text: string;
  field?: string;
  id?: string;
}) {
  return (
    <p
      className="form-problem"
      role="alert"
      id={id}
      data-testid="form-error"
      data-field={field}
    >
      {text}
    </p>
  );
}
