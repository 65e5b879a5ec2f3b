import type { ReactElement } from 'react';
import { useMay } from '../../app/session';
import { useWords } from '../../words/catalogue';
import { Delivery } from './delivery';
import './exchange.css';
import { Out } from './out';
import { Paper } from './paper';
import { Requests } from './requests';
import { Sheets } from './sheets';
import { words } from './words';

/** Sheets in and out: each part is there for whoever may use it. */
export default function Exchange(): ReactElement {
  const t = useWords(words);
  const may = useMay();
  return (
    <>
      <h1>{t.title}</h1>
      {may('visit.import') ? (
        <>
          <Paper />
          <Sheets />
        </>
      ) : null}
      {may('delivery.send') ? <Delivery /> : null}
      <Out />
      <Requests />
    </>
  );
}
