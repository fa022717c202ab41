"""Knowledge as data: tables of cues, headings and wordings, each row with its proof."""
