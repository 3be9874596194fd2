"""What Textual's own widgets look like here: one row high, no borders, readable without colour."""

CSS = """
* { scrollbar-size-vertical: 1; scrollbar-size-horizontal: 1; scrollbar-color: $primary;
    scrollbar-background: $background; scrollbar-color-hover: $primary; scrollbar-color-active: $primary;
    scrollbar-background-hover: $background; scrollbar-background-active: $background; }
Input { scrollbar-size-horizontal: 0; border: none; padding: 0; height: 1; background: $panel; color: $foreground; }
Input:focus { border: none; background-tint: $background 0%; }
Input:ansi { background: ansi_default; color: ansi_default; }
Input:ansi > .input--cursor { background: ansi_default; color: ansi_default; text-style: reverse; }
Input:ansi > .input--placeholder { color: ansi_default; }
OptionList { border: none; padding: 0; background: $background; color: $foreground; }
OptionList:focus { border: none; background-tint: $background 0%; }
OptionList > .option-list--option-highlighted { color: $foreground; background: $panel; text-style: none; }
OptionList:focus > .option-list--option-highlighted { color: $block-cursor-foreground;
    background: $block-cursor-background; text-style: bold; }
OptionList:ansi:focus > .option-list--option-highlighted { text-style: reverse bold; }
OptionList > .option-list--option-disabled { color: $secondary; text-style: bold; }
DataTable, DataTable:focus { background: $background; background-tint: $background 0%; color: $foreground; }
DataTable > .datatable--header { background: $background; color: $secondary; text-style: bold underline; }
DataTable > .datatable--cursor { background: $panel; color: $foreground; text-style: none; }
DataTable:focus > .datatable--cursor { color: $block-cursor-foreground; background: $block-cursor-background; }
DataTable:ansi:focus > .datatable--cursor { text-style: reverse; }
DataTable:ansi > .datatable--header { background: ansi_default; color: ansi_default; text-style: bold underline; }
"""
