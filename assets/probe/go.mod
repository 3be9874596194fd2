module airgap-probe

go 1.24
